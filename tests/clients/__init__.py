"""Real CardDAV clients, each driven as its user drives it, against real servers on loopback."""
