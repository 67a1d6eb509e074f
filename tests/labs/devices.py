"""A device for a part of a test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from spiraltorch_web.runtime.session import session
from tests.support.sessions import opened


@contextmanager
def on(name: str) -> Iterator[None]:
    """The session's device is the one of this name, then NumPy again."""
    session().use_device(opened(name))
    try:
        yield
    finally:
        session().use_device(opened("cpu"))
