"""Recording a step: which tensors it reads, which it overwrites."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..ir.node import Node
from .realize import realize
from .session import Session, session


class Trace:
    """A step while it is being recorded.

    ``captured`` are the tensors from outside that the step uses, in order of first use, with the node that each had;
    ``guards`` the plain values it depends on, as (object, attribute, value).
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.captured: dict[Any, Node] = {}
        self.assigned: dict[Any, None] = {}
        self.guards: list[tuple[weakref.ref, str, object]] = []

    def capture(self, tensor: Any) -> Node:
        """The node that stands for a tensor from outside; its value is computed first if it was still lazy."""
        if tensor not in self.captured:
            if tensor._node.buffer is None:
                with outside_trace():
                    realize(tensor)
            self.captured[tensor] = tensor._node
        return tensor._node

    def assign(self, tensor: Any) -> None:
        """Note that the step overwrites a tensor from outside: nothing is known of its values any more."""
        node, current = self.capture(tensor), session()
        current.known.pop(node, None)
        current.bounds.pop(node, None)
        self.assigned[tensor] = None


def use(tensor: Any) -> Node:
    """The node of a tensor for use as an operand. Every operation takes its operands through here."""
    trace = session().tracing
    if trace is not None and tensor._epoch < trace.epoch:
        return trace.capture(tensor)
    return tensor._node


def rebind(tensor: Any, node: Node) -> None:
    """Give a tensor a new value in place: every in-place operation ends here."""
    current = session()
    trace = current.tracing
    if trace is None:
        tensor._node = node
        if node.buffer is None:
            current.pending[id(tensor)] = tensor
    else:
        if tensor._epoch < trace.epoch:
            trace.assign(tensor)
        tensor._node = node


def guarded(owner: Any, attribute: str) -> Any:
    """Read a plain attribute that a step depends on: when it changes, the step is traced again."""
    value = getattr(owner, attribute)
    trace = session().tracing
    if trace is not None:
        trace.guards.append((weakref.ref(owner), attribute, value))
    return value


@contextmanager
def tracing() -> Iterator[Trace]:
    """Record the body. Captured tensors get their values back at the end."""
    current = session()
    current.epoch += 1
    trace = Trace(current.epoch)
    before, current.tracing = current.tracing, trace
    try:
        yield trace
    finally:
        current.tracing = before


@contextmanager
def outside_trace() -> Iterator[Session]:
    """Do real work in the middle of a trace; tensors made here are from outside it."""
    current = session()
    before, current.tracing = current.tracing, None
    current.epoch -= before is not None
    try:
        yield current
    finally:
        current.tracing = before
        current.epoch += before is not None
