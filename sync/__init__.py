"""The sync side: from the membership file to one new generation of the roster."""
