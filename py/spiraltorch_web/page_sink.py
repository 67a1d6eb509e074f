"""What `st.live` shows, on its way to the page. The worker's side is `show` in `web/kernel/worker.js`."""

from __future__ import annotations

import json
import math
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import spiraltorch_page as page
from js import Object
from pyodide.ffi import to_js

from .dtypes import float32
from .live.events import Boundary, Event, Painting, PoincareDisk, Raster, Scalars
from .live.values import is_tensor, read_tensors
from .runtime.realize import realize

EMPTY: Mapping[str, Any] = MappingProxyType({})
REST = 9.0  # times as long as a painting by the CPU took, so that it takes a tenth of the time
SOFTWARE_SECONDS = 1 / 16  # between two paintings by a software adapter, which shares the cores with everything else


class PageSink:
    """Sends events to the page: small facts as JSON, numbers as typed arrays.

    ``on_painting`` is told of every painting, since frames only reach the screen when the event loop gets its turn.
    """

    def __init__(self, on_painting: Callable[[], None]) -> None:
        self._on_painting = on_painting
        self._resting_until = 0.0

    def ready(self, tag: str) -> bool:
        """Once per frame of the display, and less often where the CPU paints, so that other work goes on."""
        return time.perf_counter() >= self._resting_until and page.frameDue(tag)

    def show(self, event: Event) -> None:
        match event:
            case Scalars():
                self._show_scalars(event)
            case Raster():
                self._send("image", event, values=event.values)
            case Boundary():
                self._show_boundary(event)
            case Painting():
                self._show_painting(event)
            case PoincareDisk():
                self._send("disk", event, points=event.points, edges=event.edges)
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

    def _show_painting(self, event: Painting) -> None:
        """Painted by the page's GPU from the tensors' own buffers, or by the CPU and then sent."""
        self._on_painting()
        started = time.perf_counter()
        canvas, painting = event.canvas, event.canvas.painting()
        facts = {"tag": event.tag, "step": event.step, "width": canvas.width, "height": canvas.height}
        scene = painting.scene()
        if scene is not None:
            facts |= {"painter": scene.painter, "inputs": scene.inputs}
            page.show(json.dumps({"kind": "painting", **facts}), _arrays(uniforms=scene.uniforms))
            self._resting_until = started + SOFTWARE_SECONDS * scene.device.caps.software
            return
        page.show(json.dumps({"kind": "painting", **facts}), _arrays(pixels=painting.pixels()))
        now = time.perf_counter()
        self._resting_until = now + REST * (now - started)

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
