"""`st.live`'s verbs: they turn what a script passes into events and hand these to a sink."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any, Protocol

from ..errors import ArgumentError
from ..host import HOSTS
from .boundary import Extent, Planes
from .disk import Disks
from .events import Curves, Event, Histogram, Matrix, Painting, Parameters, PoincareDisk, Progress, Scalars, Text
from .figures import plain_figure, raster_of_matplotlib
from .images import mosaic, raster_of
from .values import is_tensor, numbers, read_tensors

__all__ = ["Sink", "Writer"]

FLUSH_SECONDS = 0.1
# A read-back costs milliseconds however much it reads; a few hundred scalars keep their buffers alive meanwhile.
MOST_PENDING = 512


class Sink(Protocol):
    """Where events go: the page, or a terminal with a folder."""

    def show(self, event: Event) -> None:
        """Display one event."""

    def ready(self, tag: str) -> bool:
        """Whether a painting under this tag would be seen now: about once per frame of a display."""

    def close(self) -> None:
        """Write what is still open."""


class Writer:
    """Shows values while a script runs; the method names are those of TensorBoard's SummaryWriter.

    Scalars may be tensors: they are kept and read together every 100 ms, so that logging a loss costs no read-back
    per step. Where `global_step` is left out, each tag counts by itself.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._pending: list[tuple[str, int, Any]] = []
        self._flushed = perf_counter()
        self._counters: dict[str, int] = {}
        self._step: int | None = None
        self._planes = Planes()
        self._disks = Disks()
        self._canvases: dict[str, tuple[int, Any]] = {}  # those whose latest state has not been shown

    def add_scalar(self, tag: str, scalar_value: Any, global_step: int | None = None) -> None:
        """Add a point to the curve `tag`; the value is a number or a tensor of one element."""
        self._pending.append((_checked(tag), self._step_of(tag, global_step), scalar_value))
        if len(self._pending) >= MOST_PENDING or perf_counter() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def add_scalars(self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: int | None = None) -> None:
        """Add points to several curves of one chart: `main_tag/name`."""
        step = self._step_of(main_tag, global_step)
        for name, value in tag_scalar_dict.items():
            self.add_scalar(f"{main_tag}/{name}", value, step)

    def add_image(
        self, tag: str, img_tensor: Any, global_step: int | None = None, dataformats: str = "", colours: str = "gray"
    ) -> None:
        """Show an image [height, width], [channels, height, width] or [height, width, channels] (1, 3 or 4 channels).

        Values are 0…1, or 0…255 when one exceeds 1. `dataformats` ("HW", "CHW", "HWC") settles doubtful shapes;
        `colours="ramp"` shows one channel as a colour map.
        """
        step = self._step_of(_checked(tag), global_step)
        self._show(raster_of(tag, step, numbers("add_image", img_tensor), dataformats, colours))

    def add_images(
        self, tag: str, img_tensor: Any, global_step: int | None = None, columns: int = 8, colours: str = "gray"
    ) -> None:
        """Show a batch [n, height, width] or [n, channels, height, width] as one sheet, `columns` images a row."""
        step = self._step_of(_checked(tag), global_step)
        self._show(mosaic(tag, step, numbers("add_images", img_tensor), columns, colours))

    def add_histogram(self, tag: str, values: Any, global_step: int | None = None, bins: int = 30) -> None:
        """Show how values are distributed; NaN and infinities are left out."""
        if bins < 1:
            raise ArgumentError(f"add_histogram needs bins >= 1; got {bins}")
        step = self._step_of(_checked(tag), global_step)
        edges, counts = histogram(numbers("add_histogram", values).values, bins)
        self._show(Histogram(tag, step, edges, counts))

    def add_text(self, tag: str, text_string: str, global_step: int | None = None) -> None:
        """Show a note."""
        self._show(Text(_checked(tag), self._step_of(tag, global_step), str(text_string)))

    def add_figure(self, tag: str, figure: Any, global_step: int | None = None) -> None:
        """Show a figure: `live.Matrix`, `live.Curves`, `live.PoincareDisk`, or one of Matplotlib's."""
        step = self._step_of(_checked(tag), global_step)
        if isinstance(figure, PoincareDisk):
            self._show(self._disks.plain(tag, step, figure))
            return
        if isinstance(figure, (Matrix, Curves)):
            self._show(replace(plain_figure(figure), tag=tag, step=step))
        elif hasattr(getattr(figure, "canvas", None), "buffer_rgba"):
            self._show(raster_of_matplotlib(tag, step, figure))
        else:
            kind = type(figure).__name__
            raise ArgumentError(f"add_figure takes one of live's figures or one of Matplotlib's; got {kind}")

    def add_boundary(
        self,
        tag: str,
        model: Callable[[Any], Any],
        points: Any = (),
        labels: Any = (),
        global_step: int | None = None,
        *,
        extent: Extent | None = None,
        resolution: int = 100,
        probabilities: bool = False,
    ) -> None:
        """Paint what `model` says on the plane, and the data over it.

        `model` maps f32[n, 2] to logits f32[n, classes], or to the logit of class 1, f32[n] or f32[n, 1]; a compiled
        function is best. With `probabilities=True` its answers are taken as they are. `points` f32[m, 2] and `labels`
        i32[m] are read once. `extent` is (left, right, bottom, top), by default a square around the points.
        """
        step = self._step_of(_checked(tag), global_step)
        form = "probabilities" if probabilities else "logits"
        self._show(self._planes.answer(tag, step, model, (points, labels), extent, resolution, form))

    def add_canvas(self, tag: str, canvas: Any, global_step: int | None = None) -> None:
        """Paint a `FractalCanvas` as it is now.

        The page paints at most once per frame, from the GPU's buffer; a call in between costs next to nothing, and the
        last state of a run is painted in any case. In a terminal it is saved as PNG. See `due`.
        """
        self._canvases[_checked(tag)] = (self._step_of(tag, global_step), canvas)
        if self._sink.ready(tag):
            self._paint(tag)

    def due(self, tag: str) -> bool:
        """Whether a painting under `tag` would be seen now, so that it pays to make what it shows.

        At most 60 times a second, in the page as long as its display keeps up.
        """
        return self._sink.ready(_checked(tag))

    def watch(self, model: Any) -> None:
        """Show how many numbers `model` learns (the sum over `model.parameters()`)."""
        sizes = (math.prod(parameter.shape) for parameter in model.parameters())
        self._sink.show(Parameters(sum(sizes)))

    def flush(self) -> None:
        """Show the scalars that wait, reading their tensors in one round trip."""
        waiting, self._pending = self._pending, []
        tensors = [value for _, _, value in waiting if is_tensor(value)]
        read = iter(read_tensors(tensors) if tensors else ())
        points: dict[str, tuple[array, array]] = {}
        for tag, step, value in waiting:
            steps, values = points.setdefault(tag, (array("d"), array("d")))
            steps.append(step)
            values.append(_single(tag, next(read)) if is_tensor(value) else float(value))
        if points:
            self._sink.show(Scalars(points))
        self._flushed = perf_counter()

    def paint(self) -> None:
        """Show the latest state of every canvas."""
        for tag in list(self._canvases):
            self._paint(tag)

    def close(self) -> None:
        """Show and write everything that is still open."""
        try:
            self.paint()
            self.flush()
        finally:
            self._sink.close()

    def progress(self, event: Progress) -> None:
        """Pass on how far a loop is; see `live.progress`."""
        self._sink.show(event)

    def _paint(self, tag: str) -> None:
        step, canvas = self._canvases.pop(tag)
        self._show(Painting(tag, step, canvas))

    def _show(self, event: Event) -> None:
        self._sink.show(event)
        if self._pending and perf_counter() - self._flushed >= FLUSH_SECONDS:
            self.flush()

    def _step_of(self, tag: str, given: int | None) -> int:
        """The step of a value; a new step is a place where the page may hold the script."""
        step = self._counters.get(tag, -1) + 1 if given is None else int(given)
        self._counters[tag] = step
        if step != self._step:
            self._step = step
            HOSTS.current.tick("live")
        return step


def histogram(values: Sequence[float], bins: int) -> tuple[list[float], list[int]]:
    """Edges (bins + 1) and counts of equal bins from the lowest to the highest finite value."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 0.0)
    if low == high:
        low, high = low - 0.5, high + 0.5
    width = (high - low) / bins
    counts = [0] * bins
    for value in finite:
        counts[min(int((value - low) / width), bins - 1)] += 1
    return [low + index * width for index in range(bins + 1)], counts


def _checked(tag: str) -> str:
    if not isinstance(tag, str) or not tag:
        raise ArgumentError(f"a tag is a text such as 'loss/train'; got {tag!r}")
    return tag


def _single(tag: str, values: Sequence[float]) -> float:
    if len(values) != 1:
        raise ArgumentError(f"add_scalar({tag!r}) takes one number; got a tensor of {len(values)} elements")
    return values[0]
