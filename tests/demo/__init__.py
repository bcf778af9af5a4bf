"""`make demo`: the main job on invented data, from the membership file to a login for an address book."""
