"""How a run ended."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Outcome", "RunEnded"]


@dataclass(frozen=True)
class Outcome:
    """The end of a run. `reason`: one word, as in run.json; `status`: of the command."""

    reason: str
    status: int = 0
    message: str = ""  # for the user, one line; empty: nothing went wrong
    counter: int | None = None  # at the guest's stop, ticks; None: it was not seen
    answers: bool = True  # Vellum can still be asked

    @property
    def stopped(self) -> bool:
        """The guest itself has stopped; everything it left has come."""
        return self.counter is not None


class RunEnded(Exception):
    """Something ended the run before the guest was started."""

    def __init__(self, outcome: Outcome) -> None:
        """`outcome`: of the whole run."""
        super().__init__(outcome.message)
        self.outcome = outcome
