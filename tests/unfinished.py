"""What test_architecture.py still finds in rooms that are being cleaned. Entries are only ever deleted."""

IMPORTS: set[str] = {
    "sync.plan > radicale_tldops.settings",
    "sync.plan > radicale_tldops.settings.reading",
}

LONG_FUNCTIONS: set[str] = {
    "sync.cli.audit.audit",
    "sync.cli.reconcile.reconcile",
    "sync.cli.status._facts",
    "sync.cli.sync.sync",
    #
    "sync.plan.guards._mass",
    "sync.plan.identify.recognise",
    "sync.plan.plan.make_plan",
    "sync.reconcile.compare._person",
}

MANY_PARAMETERS: set[str] = {
    "sync.cli.audit.audit",
    "sync.cli.sync.rollback",
    "sync.cli.sync.sync",
    #
    "sync.apply.apply_plan",
    "sync.plan.guards.check",
    "sync.plan.plan.make_plan",
}

NAMED_TWICE: set[str] = {
    "Entry",
    "Finding",
}

NAMED_ONE: set[str] = {
    "sync.apply",
    "sync.plan.plan",
    "sync.plan.wanted",
    "sync.reconcile.compare",
    "sync.reconcile.list_changes",
    #
    "sync.cli.access",
    "sync.cli.device",
    "sync.cli.history",
    "sync.cli.reconcile",
    "sync.cli.status",
    "sync.cli.sync",
}
