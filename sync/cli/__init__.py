"""The command line: the only place that prints."""

from sync.cli.main import main

__all__ = ["main"]
