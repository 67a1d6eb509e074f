"""Event loops for tests: Playwright's may be running in the main thread, so coroutines get a thread of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any


def in_thread(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine, run in another thread with this one's context (the session)."""
    context = copy_context()
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(context.run, asyncio.run, coroutine).result()
