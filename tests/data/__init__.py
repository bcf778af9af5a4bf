"""Invented membership data: the same for the same seed, wherever and whenever it is made."""
