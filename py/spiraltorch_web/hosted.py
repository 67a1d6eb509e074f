"""Packages that a page hosts beside the library and that Python loads only once something needs them.

Outside the page there is nothing to do: packages are installed or they are not.
"""

from __future__ import annotations

import sys
from contextlib import suppress

IN_BROWSER = sys.platform == "emscripten"


async def load_package(name: str) -> None:
    """Load a package of the page. Silent when there is none: importing it tells."""
    if IN_BROWSER:
        import pyodide_js
        from pyodide.ffi import JsException

        with suppress(JsException):
            await pyodide_js.loadPackage(name)


def load_package_now(name: str) -> None:
    """As `load_package`, where the browser can wait inside Python (JSPI); elsewhere nothing."""
    if IN_BROWSER:
        from pyodide.ffi import can_run_sync, run_sync

        if can_run_sync():
            run_sync(load_package(name))
