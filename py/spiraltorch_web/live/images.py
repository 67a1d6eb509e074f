"""From image tensors of several layouts to one raster."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from ..errors import ArgumentError, ShapeError
from .events import Raster
from .values import Numbers

CHANNELS = (1, 3, 4)
LAYOUTS = ("HW", "CHW", "HWC")


def raster_of(tag: str, step: int, image: Numbers, layout: str = "", colours: str = "gray") -> Raster:
    """One image; `layout` is one of LAYOUTS or "" to go by the shape (PyTorch's CHW where both would fit)."""
    image.need_rank("add_image", 2, 3)
    layout = layout or _layout(image.shape)
    if layout not in LAYOUTS or len(layout) != len(image.shape):
        raise ArgumentError(f"add_image(dataformats=...) is one of {', '.join(LAYOUTS)} and fits the shape; "
                            f"got {layout!r} for {image.shape}")  # fmt: skip
    extent = dict(zip(layout, image.shape, strict=True))
    height, width, channels = extent["H"], extent["W"], extent.get("C", 1)
    if channels not in CHANNELS or 0 in image.shape:
        raise ShapeError(f"add_image needs 1, 3 or 4 channels and a size above 0; got {image.shape} as {layout}")
    values = channels_last(image.values, channels, height * width) if layout == "CHW" else image.values
    return Raster(tag, step, width, height, channels, unit_range(values), _checked(colours))


def mosaic(tag: str, step: int, images: Numbers, columns: int, colours: str = "gray") -> Raster:
    """A batch as one sheet with a line between images; missing ones at the end stay black."""
    images.need_rank("add_images", 3, 4)
    count, *inner = images.shape
    height, width = inner[-2:]
    channels = inner[0] if len(inner) == 3 else 1
    if count == 0 or channels not in CHANNELS or columns < 1:
        raise ShapeError(f"add_images needs shape (n, height, width) or (n, channels, height, width), n > 0, and "
                         f"columns > 0; got {images.shape} and columns={columns}")  # fmt: skip
    columns = min(columns, count)
    rows = -(-count // columns)
    values = unit_range(images.values)
    area = height * width
    sheet_width, sheet_height = columns * (width + 1) - 1, rows * (height + 1) - 1
    sheet = array("f", bytes(4 * sheet_width * sheet_height * channels))
    for index in range(count):
        start = index * area * channels
        image = channels_last(values[start : start + area * channels], channels, area)
        top, left = (index // columns) * (height + 1), (index % columns) * (width + 1)
        for row in range(height):
            to = ((top + row) * sheet_width + left) * channels
            line = row * width * channels
            sheet[to : to + width * channels] = image[line : line + width * channels]
    return Raster(tag, step, sheet_width, sheet_height, channels, sheet, _checked(colours))


def channels_last(values: array, channels: int, area: int) -> array:
    """[channels, area] to [area, channels], flat."""
    if channels == 1:
        return values
    mixed = array("f", bytes(4 * len(values)))
    for channel in range(channels):
        mixed[channel::channels] = values[channel * area : (channel + 1) * area]
    return mixed


def unit_range(values: array) -> array:
    """Values of 0…255 to 0…1; those that are 0…1 stay."""
    return array("f", (value / 255 for value in values)) if max(values, default=0.0) > 1.0 else values


def _layout(shape: Sequence[int]) -> str:
    if len(shape) == 2:
        return "HW"
    return "HWC" if shape[0] not in CHANNELS and shape[2] in CHANNELS else "CHW"


def _checked(colours: str) -> str:
    if colours not in ("gray", "ramp"):
        raise ArgumentError(f'colours is "gray" or "ramp"; got {colours!r}')
    return colours
