"""Hostile requests without end: a grammar of DAV, mutated at every level, and what has to hold for every answer."""
