"""The command `vellum`: its subcommands, and errors as one line and an exit status."""

from __future__ import annotations

import importlib
import os
import sys

import click

from vellum.errors import VellumError

__all__ = ["cli", "main"]

_COMMANDS = {"run": "vellum.cli.run", "devices": "vellum.cli.devices", "trace": "vellum.cli.trace"}
_INTERRUPTED = 130
_NOBODY_READS = 141


class _NobodyReadsError(Exception):
    """Standard output is closed at its other end."""


class _Commands(click.Group):
    """Imports a subcommand when it is asked for: each is the object of its name in its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; None: there is no such."""
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """As the base does, which however makes a 1 of a broken pipe."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _NobodyReadsError from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="vellum", message="%(prog)s %(version)s")
def cli() -> None:
    """Run an arm64 kernel under tracing, and see every access it makes to its devices."""


def main() -> None:
    """The entry point. Exits with 0, or with the status of what went wrong."""
    try:
        result = cli.main(standalone_mode=False)
        sys.stdout.flush()
        status = result if isinstance(result, int) else 0
    except VellumError as error:
        status = _tell(str(error), error.exit_status)
    except click.ClickException as error:
        status = _tell(error.format_message(), 2)
    except (click.Abort, KeyboardInterrupt):
        status = _INTERRUPTED
    except (_NobodyReadsError, BrokenPipeError):
        # Python flushes stdout once more at its end, which must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = _NOBODY_READS
    except OSError as error:
        status = _tell(str(error), 1)
    sys.exit(status)


def _tell(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"vellum: error: {line}", file=sys.stderr)
    return status
