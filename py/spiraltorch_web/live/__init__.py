"""What a script shows: one small API, the same in the page and in a terminal.

The names are those of TensorBoard's SummaryWriter. In the page the values become charts and pictures at once; in a
terminal they are printed, drawn with characters and saved as PNG and CSV in a folder `runs/<script>-<time>`.

>>> live.add_scalar("loss/train", loss, step)             # a curve; tensors are read in batches
>>> live.add_boundary("boundary", predict, x, y, step)    # what a model says on the plane
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import ArgumentError
from ..host import HOSTS
from .boundary import Extent
from .current import CURRENT
from .events import Curves, Matrix, PoincareDisk
from .progress import progress
from .writer import Sink, Writer

__all__ = [
    "Curves", "Matrix", "PoincareDisk", "Sink", "Writer", "add_boundary", "add_canvas", "add_figure", "add_histogram",
    "add_image", "add_images", "add_scalar", "add_scalars", "add_text", "due", "flush", "microphone", "progress",
    "watch",
]  # fmt: skip


def add_scalar(tag: str, scalar_value: Any, global_step: int | None = None) -> None:
    """Add a point to the curve `tag`; see `Writer.add_scalar`."""
    CURRENT.writer().add_scalar(tag, scalar_value, global_step)


def add_scalars(main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: int | None = None) -> None:
    """Add points to several curves of one chart; see `Writer.add_scalars`."""
    CURRENT.writer().add_scalars(main_tag, tag_scalar_dict, global_step)


def add_image(
    tag: str, img_tensor: Any, global_step: int | None = None, dataformats: str = "", colours: str = "gray"
) -> None:
    """Show an image; see `Writer.add_image`."""
    CURRENT.writer().add_image(tag, img_tensor, global_step, dataformats, colours)


def add_images(
    tag: str, img_tensor: Any, global_step: int | None = None, columns: int = 8, colours: str = "gray"
) -> None:
    """Show a batch of images as one sheet; see `Writer.add_images`."""
    CURRENT.writer().add_images(tag, img_tensor, global_step, columns, colours)


def add_histogram(tag: str, values: Any, global_step: int | None = None, bins: int = 30) -> None:
    """Show how values are distributed; see `Writer.add_histogram`."""
    CURRENT.writer().add_histogram(tag, values, global_step, bins)


def add_text(tag: str, text_string: str, global_step: int | None = None) -> None:
    """Show a note; see `Writer.add_text`."""
    CURRENT.writer().add_text(tag, text_string, global_step)


def add_figure(tag: str, figure: Any, global_step: int | None = None) -> None:
    """Show `live.Matrix`, `live.Curves`, `live.PoincareDisk` or a Matplotlib figure; see `Writer.add_figure`."""
    CURRENT.writer().add_figure(tag, figure, global_step)


def add_boundary(
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
    """Paint what a model says on the plane; see `Writer.add_boundary`."""
    CURRENT.writer().add_boundary(
        tag, model, points, labels, global_step, extent=extent, resolution=resolution, probabilities=probabilities
    )


def add_canvas(tag: str, canvas: Any, global_step: int | None = None) -> None:
    """Paint a `FractalCanvas`; see `Writer.add_canvas`."""
    CURRENT.writer().add_canvas(tag, canvas, global_step)


def microphone(rate: int = 16_000) -> Iterator[array]:
    """Sound as it is heard, piece by piece: float32 in −1 … 1, one channel, ``rate`` samples per second.

    In the page, where the user allows it; the sound stays in the tab. The microphone is closed when the loop over the
    pieces or the script ends. Raises NoDeviceError where there is none.
    """
    if not isinstance(rate, int) or not 3000 <= rate <= 384_000:
        raise ArgumentError(f"microphone takes 3,000 to 384,000 samples per second, got {rate!r}")
    return HOSTS.current.microphone(rate)


def due(tag: str) -> bool:
    """Whether a painting under `tag` would be seen now; see `Writer.due`."""
    return CURRENT.writer().due(tag)


def watch(model: Any) -> None:
    """Show how many numbers a model learns; see `Writer.watch`."""
    CURRENT.writer().watch(model)


def flush() -> None:
    """Show the scalars that wait to be read."""
    CURRENT.writer().flush()
