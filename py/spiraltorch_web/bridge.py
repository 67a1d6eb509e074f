"""The page's worker on one side, Python on the other. Nothing else imports this module.

The worker registers a module `spiraltorch_page` (see `web/kernel/worker.js`) before it imports the bridge, calls
`start` once and `run` for every script.
"""

from __future__ import annotations

import ast
import gc
import inspect
import json
import math
import sys
import time
import types
from array import array
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

import spiraltorch_page as page
from js import Object
from pyodide.ffi import can_run_sync, run_sync, to_js

from .device.select import open_device_async
from .dtypes import float32
from .errors import DeviceError
from .host import HOSTS
from .live.current import CURRENT
from .live.events import Boundary, Event, Raster, Scalars
from .live.values import is_tensor, read_tensors
from .runtime.realize import realize
from .runtime.session import session
from .user_errors import UserError, describe_error, remember_source

# The event loop gets a turn this often: Stop, Pause and painting wait no longer.
BREATHE_SECONDS = 0.05
EMPTY: Mapping[str, Any] = MappingProxyType({})


class Stopped(KeyboardInterrupt):
    """The user pressed Stop. Like Ctrl-C, it passes `except Exception`."""


class PageHost:
    """A browser tab: scripts give the event loop a turn at checkpoints and obey Pause, Step and Stop there."""

    name = "page"

    def __init__(self, plain_sleep: Callable[[float], None]) -> None:
        self._plain_sleep = plain_sleep
        self.begin(hold=False)

    def begin(self, hold: bool) -> None:
        """A script starts; with `hold` it stops at its first step."""
        self._due = 0.0
        self._stepping = hold
        self._ticker = "live"

    def checkpoint(self) -> None:
        if time.perf_counter() >= self._due:
            self._breathe(page.breathe)

    def tick(self, source: str) -> None:
        if source == "progress":
            self._ticker = source
        if self._stepping and source == self._ticker:
            self._stepping = False
            CURRENT.writer().flush()  # a reader who holds the script looks at all of it
            self._breathe(page.hold)
        else:
            self.checkpoint()

    def sleep(self, seconds: float) -> None:
        """`time.sleep` that leaves the page alive, where Python can wait for it."""
        if can_run_sync() and seconds >= 0:
            self._breathe(page.sleep, 1000 * seconds)
        else:
            self._plain_sleep(seconds)

    def read_example(self, name: str) -> bytes:
        content = page.readExample(name)
        if content is None:
            raise FileNotFoundError(f"this site has no data file {name!r} for its examples")
        return content.to_bytes()

    def keep_checkpoint(self, encode: Callable[[], bytes]) -> None:
        page.keepCheckpoint(to_js(encode()))

    def kept_checkpoint(self) -> bytes | None:
        kept = page.takeCheckpoint()
        return None if kept is None else kept.to_bytes()

    def _breathe(self, wait: Any, *arguments: float) -> None:
        """Return to the event loop by way of `wait`, then do what the user wants."""
        verdict = run_sync(wait(*arguments)) if can_run_sync() else page.verdict()
        self._due = time.perf_counter() + BREATHE_SECONDS
        if verdict == "stop":
            raise Stopped
        if verdict in ("step", "go"):
            self._stepping = verdict == "step"


class PageSink:
    """Sends events to the page: small facts as JSON, numbers as typed arrays."""

    def show(self, event: Event) -> None:
        match event:
            case Scalars():
                self._show_scalars(event)
            case Raster():
                self._send("image", event, values=event.values)
            case Boundary():
                self._show_boundary(event)
            case _:
                self._send(type(event).__name__.lower(), event)

    def close(self) -> None:
        """Nothing is left open: the page shows everything at once."""

    def _show_scalars(self, event: Scalars) -> None:
        facts = {"kind": "scalars", "tags": list(event.points)}
        facts["counts"] = [len(steps) for steps, _ in event.points.values()]
        steps, values = array("d"), array("d")
        for tag_steps, tag_values in event.points.values():
            steps.extend(tag_steps)
            values.extend(tag_values)
        page.show(json.dumps(facts), _arrays(steps=steps, values=values))

    def _show_boundary(self, event: Boundary) -> None:
        """The page paints answers that lie on its GPU where they are; others travel."""
        points = {"points": event.points, "labels": event.labels}
        handle = _gpu_handle(event.answers)
        if handle is not None:
            self._send("boundary", replace(event, answers=None), {"handle": handle}, **points)
            return
        answers = read_tensors([event.answers])[0] if is_tensor(event.answers) else event.answers
        self._send("boundary", event, answers=array("f", answers), **points)

    def _send(self, kind: str, event: Event, more: Mapping[str, Any] = EMPTY, **arrays: Any) -> None:
        facts = {_camel(name): value for name, value in vars(event).items() if name not in arrays}
        page.show(json.dumps(_finite({"kind": kind, **facts, **more})), _arrays(**arrays))


def _gpu_handle(answers: Any) -> int | None:
    """Where the page's GPU keeps a float32 tensor; None for what lies elsewhere."""
    if not is_tensor(answers) or answers.dtype is not float32:
        return None
    realize(answers)
    storage = answers._node.buffer
    return storage.handle if storage.device.info.name == "webgpu" else None


def _arrays(**arrays: Any) -> Any:
    """A JavaScript object of typed arrays, copied out of Python's memory."""
    return to_js({name: memoryview(values) for name, values in arrays.items()}, dict_converter=Object.fromEntries)


def _finite(value: Any) -> Any:
    """The value with null for NaN and infinities, which JSON lacks; the page shows a gap there."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def _camel(name: str) -> str:
    """row_title -> rowTitle, as protocol.js spells it."""
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))


def start() -> None:
    """Make the page the host of every script that follows."""
    host = PageHost(time.sleep)
    HOSTS.install(host)
    time.sleep = host.sleep
    sys.stdout.reconfigure(line_buffering=True)


async def open_device() -> str:
    """Open the device that SPIRALTORCH_DEVICE asks for; what it is, as JSON (`DeviceReport` in protocol.js)."""
    try:
        device = await open_device_async()
    except DeviceError as error:
        return json.dumps({"kind": "none", "name": "", "software": False, "reason": str(error), "details": {}})
    session().use_device(device)
    info = device.info
    details = {"backend": info.backend, "driver": info.driver, "vendor": info.vendor, "features": list(info.features)}
    report = {"kind": info.name, "name": info.adapter, "software": info.caps.software, "reason": info.reason}
    return json.dumps({**report, "details": details})


def run(source: str, filename: str, hold: bool) -> str:
    """Run a script and wait for what it waits for (needs JSPI). Gives `{outcome, error}` as JSON."""
    try:
        answer = _execute(source, filename, hold)
    except BaseException as error:
        return _ending(error, filename)
    return _ending(run_sync(_caught(answer)) if inspect.iscoroutine(answer) else None, filename)


async def run_async(source: str, filename: str, hold: bool) -> str:
    """As `run`, for browsers without JSPI: the script has to `await` what it waits for."""
    try:
        answer = _execute(source, filename, hold)
    except BaseException as error:
        return _ending(error, filename)
    return _ending(await _caught(answer) if inspect.iscoroutine(answer) else None, filename)


async def _caught(script: Coroutine[Any, Any, Any]) -> BaseException | None:
    """Await a script and give its error: an interrupt that left a task would stop the event loop's turn, too."""
    try:
        await script
    except BaseException as error:
        return error
    return None


def _execute(source: str, filename: str, hold: bool) -> Any:
    """Run a script as `__main__`, in a fresh module; a coroutine when it awaits at its top level."""
    HOSTS.current.begin(hold)
    CURRENT.install(PageSink())
    remember_source(filename, source)
    code = compile(source, filename, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    module = types.ModuleType("__main__")
    module.__file__ = filename
    sys.modules["__main__"] = module
    sys.argv = [filename]
    # What the last script left goes now: its buffers on the device are freed with it.
    gc.collect()
    return eval(code, module.__dict__)


def _ending(error: BaseException | None, filename: str) -> str:
    """How a script ended, as JSON, after everything that it logged has been shown."""
    try:
        CURRENT.writer().close()
    except Exception as problem:
        # If the device is what failed, the script's own error is the one to tell.
        error = error or problem
    sys.stdout.flush()
    sys.stderr.flush()
    if isinstance(error, SystemExit) and error.code in (None, 0):
        error = None
    if error is None:
        return json.dumps({"outcome": "finished", "error": None})
    if isinstance(error, KeyboardInterrupt):
        return json.dumps({"outcome": "stopped", "error": None})
    told = describe_error(error, filename)
    return json.dumps({"outcome": "failed", "error": _as_message(told)})


def _as_message(error: UserError) -> dict[str, Any]:
    facts = asdict(error)
    facts["endColumn"] = facts.pop("end_column")
    return facts
