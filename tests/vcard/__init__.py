"""Tests of the cards: names, lines, bytes, and what two parsers read from them."""
