"""The page's worker on one side, Python on the other. Nothing else imports this module.

The worker registers a module `spiraltorch_page` (see `web/kernel/worker.js`) before it imports the bridge, calls
`start` once and `run` for every script.
"""

from __future__ import annotations

import ast
import gc
import inspect
import json
import signal
import sys
import time
import types
from array import array
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import asdict
from pathlib import PurePath
from typing import Any

import spiraltorch_page as page
from js import Object
from pyodide.ffi import JsException, can_run_sync, run_sync, to_js

from .device.select import open_device_async
from .errors import ArgumentError, DeviceError, NoDeviceError
from .host import HOSTS
from .live.current import CURRENT
from .page_sink import PageSink
from .runtime.session import session
from .user_errors import UserError, describe_error, remember_source

# The event loop gets a turn this often: Stop, Pause and painting wait no longer.
BREATHE_SECONDS = 0.05
# While a script paints: a little less than a frame at 60 Hz, so that every frame finds a turn.
FRAME_SECONDS = 0.015
LISTEN_SECONDS = 0.01  # between two looks for new sound
LABS = str(PurePath(__file__).parent / "labs")


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
        self._period = BREATHE_SECONDS
        self._steps = int(hold)  # that were asked for and are not over
        self._ticker = "live"

    def checkpoint(self) -> None:
        if time.perf_counter() >= self._due:
            self._breathe(page.breathe)

    def tick(self, source: str) -> None:
        if source == "progress":
            self._ticker = source
        if not self._steps or source != self._ticker:
            self.checkpoint()
            return
        self._steps -= 1
        if not self._steps:
            CURRENT.writer().paint()  # a reader who holds the script looks at all of it
            CURRENT.writer().flush()
            self._breathe(page.hold)

    def breathe_often(self) -> None:
        """Give the event loop a turn for every frame of the display from now on, since the script paints."""
        self._period = FRAME_SECONDS

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

    def microphone(self, rate: int) -> Iterator[array]:
        if not can_run_sync():
            raise NoDeviceError("the microphone needs a browser in which Python can wait (JSPI)")
        page.listen(rate)
        try:
            while True:
                heard = page.heard()
                if heard is None:
                    self.sleep(LISTEN_SECONDS)
                else:
                    yield array("f", heard.to_bytes())
        except JsException as problem:
            raise NoDeviceError(f"the microphone cannot be used: {problem.message}") from None
        finally:
            page.listen(0)

    def table_names(self) -> list[str]:
        return json.loads(self.read_table("index"))

    def read_table(self, name: str) -> str:
        content = page.readTable(f"{name}.json")
        if content is None:
            raise ArgumentError(f"this site has no tuner table {name!r}")
        return content.to_bytes().decode()

    def keep_checkpoint(self, encode: Callable[[], bytes]) -> None:
        page.keepCheckpoint(to_js(encode()))

    def kept_checkpoint(self) -> bytes | None:
        kept = page.takeCheckpoint()
        return None if kept is None else kept.to_bytes()

    def transcribed(self, record: Mapping[str, Any]) -> None:
        page.show(json.dumps({"kind": "roundtable", "record": record}), Object.new())

    def _breathe(self, wait: Any, *arguments: float) -> None:
        """Return to the event loop by way of `wait`, then do what the user wants."""
        verdict = run_sync(wait(*arguments)) if can_run_sync() else page.verdict()
        self._due = time.perf_counter() + self._period
        if verdict == "stop":
            raise Stopped
        if verdict == "step":
            self._steps += 1
        elif verdict == "go":
            self._steps = 0


def start() -> None:
    """Make the page the host of every script that follows."""
    host = PageHost(time.sleep)
    HOSTS.install(host)
    time.sleep = host.sleep
    signal.signal(signal.SIGINT, _interrupted)
    sys.stdout.reconfigure(line_buffering=True)


def _interrupted(_: int, frame: types.FrameType | None) -> None:
    """The page interrupts a script, or an answer to a lab, that does not reach its checkpoints.

    One that comes late finds other Python at work, such as the event loop's, and is not for it; one that comes early
    finds the script being prepared.
    """
    script = getattr(sys.modules["__main__"], "__file__", None)
    while frame is not None:
        name = frame.f_code.co_filename
        if name == script or name.startswith(LABS) or frame.f_code is _execute.__code__:
            raise KeyboardInterrupt
        frame = frame.f_back


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
    CURRENT.install(PageSink(HOSTS.current.breathe_often))
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
