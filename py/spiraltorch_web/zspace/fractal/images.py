"""Pixels as relations."""

from __future__ import annotations

from typing import Any

from ...dtypes import float32
from ...errors import ArgumentError, ShapeError
from ...tensor import Tensor, tensor
from .canvas import FractalCanvas
from .ring import FractalPatch

LUMA = (0.2126, 0.7152, 0.0722)  # of red, green and blue [ITU-R BT.709]
CHANNELS = (1, 3, 4)


def relation_from_image(
    image: Any,
    shape: tuple[int, int] | None = None,
    *,
    coherence: float = 1.0,
    tension: float = 1.0,
    depth: int = 0,
) -> FractalPatch:
    """A patch whose relation is an image's brightness about its mean: bright is positive, dark negative.

    ``image`` is a `FractalCanvas`, a tensor, array or nested lists [height, width], [channels, height, width] or
    [height, width, channels] (1, 3 or 4 channels, alpha is ignored; PyTorch's order where both would fit), or a
    browser's ImageData. Its range does not matter, since a fold divides by the norm. ``shape`` (rows, columns) averages
    the pixels under each cell; by default a pixel is a cell. Raises ArgumentError and ShapeError.
    """
    brightness = _brightness(_as_tensor(image))
    if shape is not None:
        brightness = _resized(brightness, *_checked(shape))
    return FractalPatch(brightness - brightness.mean(), coherence, tension, depth)


def _as_tensor(image: Any) -> Tensor:
    if isinstance(image, FractalCanvas):
        return _of_bytes(image.pixels(), image.height, image.width)
    if all(hasattr(image, name) for name in ("data", "width", "height")):  # an ImageData proxy
        return _of_bytes(image.data.to_bytes(), image.height, image.width)
    given = image if isinstance(image, Tensor) else tensor(image)
    return given.detach().to(float32)


def _of_bytes(pixels: bytes, height: int, width: int) -> Tensor:
    words = tensor(memoryview(pixels).cast("I"))
    channels = [((words >> shift) & 255).to(float32) for shift in (0, 8, 16)]
    return sum(weight * channel for weight, channel in zip(LUMA, channels, strict=True)).reshape(height, width)


def _brightness(image: Tensor) -> Tensor:
    """f32[height, width]."""
    shape = tuple(image.shape)
    if len(shape) == 2 and 0 not in shape:
        return image
    last = len(shape) == 3 and shape[0] not in CHANNELS
    if len(shape) != 3 or 0 in shape or shape[2 if last else 0] not in CHANNELS:
        raise ShapeError(
            f"an image has shape (height, width), or 3 dimensions with 1, 3 or 4 channels first or last; got {shape}"
        )
    channels = [image[..., index] if last else image[index] for index in range(shape[2 if last else 0])]
    if len(channels) == 1:
        return channels[0]
    return sum(weight * channel for weight, channel in zip(LUMA, channels[:3], strict=True))


def _checked(shape: tuple[int, int]) -> tuple[int, int]:
    counts = tuple(shape) if isinstance(shape, (tuple, list)) else ()
    if len(counts) != 2 or not all(isinstance(count, int) and 1 <= count <= 8192 for count in counts):
        raise ArgumentError(f"shape is (rows, columns), ints from 1 to 8192; got {shape!r}")
    return counts


def _resized(image: Tensor, rows: int, columns: int) -> Tensor:
    height, width = image.shape
    return tensor(_averages(height, rows)) @ image @ tensor(_averages(width, columns)).transpose(0, 1)


def _averages(pixels: int, cells: int) -> list[list[float]]:
    """A row per cell: the share of each pixel in it."""
    size = pixels / cells
    overlap = lambda cell, pixel: min((cell + 1) * size, pixel + 1) - max(cell * size, pixel)  # noqa: E731
    return [[max(overlap(cell, pixel), 0.0) / size for pixel in range(pixels)] for cell in range(cells)]
