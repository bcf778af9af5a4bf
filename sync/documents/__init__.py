"""A roster as text: the repository message, a spreadsheet, an offline copy."""
