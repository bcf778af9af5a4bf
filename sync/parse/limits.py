"""How much of a membership file is read. No real list needs more; each limit bounds time and memory."""

MAX_BYTES = 64 * 1024 * 1024
"""Largest file, in bytes."""

MAX_LINES = 250_000
"""Most lines of a file, and most entries of a dump."""

MAX_LINE = 64 * 1024
"""Longest line in characters, and longest row of a table over all its lines."""

MAX_ROW_LINES = 200
"""Most lines that one row of a table may span: a longer one is a quotation mark that was never closed."""

MAX_FIELDS = 300
"""Most fields behind the slot of one entry."""

MAX_MARKS = 30
"""Longest run of combining marks: the limit of stream-safe text (UAX #15, 13). Normalising a longer one takes time
in the square of its length."""

MAX_DEPTH = 20
"""Deepest nesting of brackets in a dump."""
