"""The nouns that both sides share. Standard library only, no I/O, no clock."""
