"""The server side: Radicale plugins that serve the vetted roster as a read-only CardDAV address book."""

__version__ = "0.1.0"
