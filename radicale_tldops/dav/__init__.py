"""Pure functions that turn CardDAV requests and the cards of a snapshot into answers."""
