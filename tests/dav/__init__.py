"""Tests of the pure functions behind CardDAV requests."""
