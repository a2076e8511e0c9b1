"""Calls to Vellum and their replies. Calls may be pipelined: submit many, then wait for each."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from vellum.errors import LinkError, RpcError
from vellum.link import messages
from vellum.link.frame import Channel
from vellum.link.link import Link
from vellum.link.messages import Call, Message, RpcHeader, Status

__all__ = ["Rpc", "call_name"]

ReplyT = TypeVar("ReplyT", bound=Message)
HEADER_SIZE = RpcHeader.LAYOUT.size


def call_name(call: type[Message]) -> str:
    """The name of a call as the message table has it: MemReadCall is mem_read."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", call.__name__.removesuffix("Call")).lower()


class Rpc:
    """The rpc channel of a link."""

    def __init__(self, link: Link) -> None:
        """Make it before `link.start()`."""
        self.on_event: Callable[[Message], None] = lambda event: None
        self._link = link
        self._lock = threading.Lock()
        self._pending: dict[int, tuple[type[Message], Future[Any]]] = {}
        self._last_id = 0
        self._closed: LinkError | None = None
        link.handle(Channel.RPC, self._receive)
        link.on_closed(self._close)

    def submit(self, call: Call[ReplyT]) -> Future[ReplyT]:
        """Sends `call` and does not wait. The future raises RpcError or LinkError."""
        future: Future[ReplyT] = Future()
        with self._lock:
            if self._closed:
                raise self._closed
            self._last_id = self._last_id % 0xFFFFFFFF + 1
            call_id = self._last_id
            self._pending[call_id] = (type(call), future)
        body = call.pack()
        header = RpcHeader(type=call.TYPE, status=0, id=call_id, length=len(body))
        self._link.send(Channel.RPC, header.pack(), body)
        return future

    def call(self, call: Call[ReplyT], timeout: float = 5.0) -> ReplyT:
        """Sends `call` and waits for its reply. RpcError: refused. LinkError: no answer."""
        return self.wait(self.submit(call), type(call), timeout)

    @staticmethod
    def wait(future: Future[ReplyT], call: type[Message], timeout: float = 5.0) -> ReplyT:
        """The reply of a submitted `call`."""
        try:
            return future.result(timeout)
        except TimeoutError:
            name = call_name(call)
            raise LinkError(f"Vellum did not answer {name} within {timeout:g} s") from None

    def _receive(self, payload: memoryview) -> None:
        """One message, on the reader thread."""
        try:
            header = RpcHeader.unpack(payload)
            body = payload[HEADER_SIZE : HEADER_SIZE + header.length]
            if len(body) != header.length:
                raise ValueError(f"{len(body)} bytes of {header.length}")
            if header.type & messages.REPLY:
                self._reply(header, body)
            elif event := messages.EVENTS.get(header.type):
                self.on_event(event.unpack(body))
            else:
                self._link.problem(f"an rpc message of unknown type {header.type:#x}")
        except ValueError as error:
            self._link.problem(f"a short rpc message: {error}")

    def _reply(self, header: RpcHeader, body: memoryview) -> None:
        with self._lock:
            call, future = self._pending.pop(header.id, (None, None))
        if call is None or future is None or header.type != call.TYPE | messages.REPLY:
            self._link.problem(f"a reply of type {header.type:#x} to no call of ours")
        elif header.status != Status.OK:
            future.set_exception(RpcError(call_name(call), header.status))
        else:
            try:
                future.set_result(messages.REPLIES[header.type].unpack(body))
            except ValueError as error:
                future.set_exception(LinkError(f"a reply that makes no sense: {error}"))

    def _close(self, error: LinkError) -> None:
        with self._lock:
            self._closed = error
            pending, self._pending = self._pending, {}
        for _, future in pending.values():
            future.set_exception(error)
