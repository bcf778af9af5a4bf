"""The two databases: the roster, which only commands write, and the members' devices, claims and audit log."""
