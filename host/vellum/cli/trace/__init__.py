"""`vellum trace`: what can be done with a trace; each command in a module of its own."""

from __future__ import annotations

import importlib

import click

__all__ = ["trace"]

_COMMANDS = {
    "show": "print the events, a line each",
    "stat": "sum the events up",
    "diff": "what two boots did differently",
    "export": "as CSV, JSON lines, for Perfetto or a waveform viewer",
    "plot": "a picture of the accesses over time",
}


class _Commands(click.Group):
    """Imports a command when it is asked for, as some need large libraries."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command; None: there is no such."""
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"vellum.cli.trace.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list for --help, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands)
def trace() -> None:
    """Read a trace that `vellum run` wrote. babeltrace2 reads it too."""
