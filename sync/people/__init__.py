"""Everybody of the roster as the secretariat sees them: everything that is kept of a person, searched and filtered."""
