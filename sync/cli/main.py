"""The command `tldops`, and the one place where errors become exit codes."""

import gc
import io
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from radicale_tldops import __version__
from radicale_tldops.roster.errors import RefusedError, TldopsError
from sync.cli.context import FAILED, FOUND, OK, App, silence

EPILOG = """\b
Exit codes: 0 done, nothing to do, or warnings only; 1 errors were found, or a
guard refused; 2 wrong usage, unreadable input, a failing store or list."""


_COMMANDS: Mapping[str, tuple[str, str]] = {
    "init": ("init", "Write a commented tldops.toml and create the store."),
    "check": ("check", "Parse and vet a membership file, and list every problem."),
    "plan": ("sync", "Show what `sync` would do, and write nothing."),
    "sync": ("sync", "Bring the roster and the logins to what the membership file says."),
    "follow": ("follow", "Bring the logins to what the list says, and leave the roster as it is."),
    "rollback": ("sync", "Bring back the cards of an earlier generation, as a new generation."),
    "people": ("people", "Find people by anything, and list them; one is shown whole."),
    "reconcile": ("reconcile", "Compare the list with the membership file, and say what to do about each case."),
    "status": ("status", "Tell at a glance how things are, and what to do next, the worst first."),
    "history": ("history", "List the generations, the newest first."),
    "show": ("past", "Show one generation, or the book of a day: where it came from, and who was in it."),
    "changes": ("changes", "Tell who was added, removed and corrected since a day, when, and by whom."),
    "backup": ("backup", "Write consistent copies of the databases to FILE, FILE.members and FILE.desk."),
    "migrate": ("migrate", "Bring the databases of an older version to this one."),
    "restore": ("backup", "Put a backup in the place of the roster, as a new generation."),
    "confirm": ("confirm", "Record that contacts were confirmed today, how, and by whom."),
    "erase": ("erase", "Delete everything that the store keeps of somebody who left."),
    "access": ("access", "Show, end and give back the right to read."),
    "device": ("device", "Issue, list and revoke device passwords: one for each app on each device."),
    "examples": ("examples", "Write examples for systemd, nginx, Caddy and fail2ban into a folder."),
    "export": ("export", "Write the roster out: it holds names and telephone numbers, so mind where."),
    "post": ("post", "Send mails to members, or one to the operator."),
    "serve": ("serve", "Serve the address book over CardDAV until interrupted."),
    "audit": ("audit", "Show the audit log, or verify its chain of digests."),
}
"""Every command, with the module in which the function of that name is, and the first sentence of its help."""


class _Commands(click.Group):
    """Imports a command when it is run: neither `--help` nor another command waits for its imports."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in _COMMANDS and name not in self.commands:
            module, _ = _COMMANDS[name]
            self.add_command(getattr(import_module(f"sync.cli.{module}"), name))
            # The libraries stay in memory, so that no full garbage collection has to go through them.
            gc.freeze()
        return super().get_command(context, name)

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, sentence) for name, (_, sentence) in sorted(_COMMANDS.items())])


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80}, epilog=EPILOG
)
@click.version_option(__version__, prog_name="tldops")
@click.option(
    "--config", metavar="FILE", help="The configuration; else $TLDOPS_CONFIG, else tldops.toml in this folder."
)
@click.pass_context
def cli(context: click.Context, config: str | None) -> None:
    """Keep the contact repository of the ccTLDs: from the membership file to an address book.

    \b
    Examples:
      tldops init                      start here: writes tldops.toml
      tldops check members.txt         what is wrong with the file?
      tldops plan                      what would a sync do?
      tldops sync                      show it, ask, apply it
      tldops device add john@nic.example --label Thunderbird
    """
    context.obj.config = config


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _prepare_streams()
    # A command makes many values and few cycles: at the default of 700, the collector takes a tenth of a sync's time.
    gc.set_threshold(20_000)
    app = App()
    try:
        try:
            args = None if arguments is None else list(arguments)
            result = cli.main(args, prog_name="tldops", standalone_mode=False, obj=app)
        finally:
            app.finish()
        sys.stdout.flush()
    except click.Abort:
        _complain("\nStopped. `tldops status` shows the state.")
        return FOUND
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return FAILED
    except TldopsError as error:
        app.note("tldops: " + str(error).replace("\n", "\\n"))
        return FOUND if isinstance(error, RefusedError) else FAILED
    except BrokenPipeError:
        # The reader of the output has closed the pipe. Python must not report that when it exits.
        silence(sys.stdout)
        return OK
    except OSError as error:
        # Files and databases have errors of their own. What is left is the output: a full disk, mostly.
        silence(sys.stdout)
        _complain(f"tldops: {error.filename or 'standard output'}: {error.strerror or error}.")
        return FAILED
    return result if isinstance(result, int) else OK


def _prepare_streams() -> None:
    """Open the streams that the caller has closed, so that no database gets their numbers; escape other characters."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115 - open until the process ends
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _complain(text: str) -> None:
    with suppress(OSError):
        sys.stderr.write(f"{text}\n")
