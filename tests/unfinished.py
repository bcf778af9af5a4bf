"""What test_architecture.py still finds in rooms that are being cleaned. Entries are only ever deleted."""

LONG_FUNCTIONS: set[str] = {
    "sync.cli.audit.audit",
    "sync.cli.reconcile.reconcile",
    "sync.cli.status._facts",
}

MANY_PARAMETERS: set[str] = {
    "sync.cli.audit.audit",
}

NAMED_ONE: set[str] = {
    "sync.cli.access",
    "sync.cli.device",
    "sync.cli.history",
    "sync.cli.reconcile",
    "sync.cli.status",
}
