"""What can go wrong, by who is at fault. The command line turns each into one line and a status."""

from __future__ import annotations

from vellum.link.messages import Status

__all__ = ["GuestFault", "LinkError", "RpcError", "UsageError", "VellumError"]


class VellumError(Exception):
    """Any error that is told to the user: one line that says what, and what to do."""

    exit_status = 1


class UsageError(VellumError):
    """What the user gave cannot be used: a wrong path, a bad kernel, an unknown device."""

    exit_status = 2


class LinkError(VellumError):
    """The link to Vellum broke, or Vellum does not answer."""


class RpcError(VellumError):
    """Vellum refused a call."""

    def __init__(self, call: str, status: int) -> None:
        """`call`: what was asked, for people; `status`: one of messages.Status, or a newer one."""
        try:
            reason = Status(status).name.lower().replace("_", " ")
        except ValueError:
            reason = f"status {status}"
        super().__init__(f"{call} was refused by Vellum: {reason}")
        self.status = status


class GuestFault(VellumError):
    """An access to the guest's physical memory faulted."""

    def __init__(self, address: int, size: int) -> None:
        """`address`: physical; `size`: of the access, bytes."""
        super().__init__(f"no memory at {address:#x} ({size} bytes): the access faulted")
        self.address = address
        self.size = size
