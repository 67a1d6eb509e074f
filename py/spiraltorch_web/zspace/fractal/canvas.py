"""`FractalCanvas`: a ring of relations as a picture, painted where they lie."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ...png import encode_png
from ...resources import shader_text
from .look import Look, checked_side
from .painting import Painting
from .ring import FractalPatch, UringFractalScheduler


class FractalCanvas:
    """Paints the fold of a ring of patches.

    ``capacity`` is the ring's, ``width`` and ``height`` are pixels. A value's colour is its place in the palette
    after division by the fold's largest magnitude and ``sign(v)·|v|^gamma``. Palettes show the sign of a value:
    "dusk" (zero is dark), "dawn" (zero is light) and "ramp" (lightness alone tells). Layout "plane" shows the
    relation as it is, "spiral" in copies that shrink towards the centre, each 2^(−1/8) fainter than the one around
    it, as a unit of depth is in the ring.

    In the page `st.live.add_canvas` paints it on screen from the GPU's own buffer; `png` and `save` make a file
    anywhere. A device without shaders paints the same with tensors. By default ``push`` does not wait to see whether
    values are finite: the next read raises, see `UringFractalScheduler`.

    Raises ArgumentError.
    """

    def __init__(
        self,
        capacity: int,
        width: int = 512,
        height: int = 512,
        *,
        palette: str = "dusk",
        layout: str = "plane",
        gamma: float = 0.5,
        strict: bool = False,
    ) -> None:
        self.scheduler = UringFractalScheduler(capacity, strict=strict)
        self.width = checked_side("width", width)
        self.height = checked_side("height", height)
        self.look = Look.of(palette, layout, gamma)
        self._shader = shader_text("fractal_canvas")

    def push(self, patch: FractalPatch) -> None:
        """Add a patch; see `UringFractalScheduler.push`."""
        self.scheduler.push(patch)

    async def push_async(self, patch: FractalPatch) -> None:
        """As `push`; see `UringFractalScheduler.push_async`."""
        await self.scheduler.push_async(patch)

    def painting(self) -> Painting:
        """The present picture, folded but not painted yet. ArgumentError when nothing has been pushed."""
        return Painting(self.scheduler.fold(), self.width, self.height, self.look, self._shader)

    def pixels(self) -> bytes:
        """The picture as RGBA bytes, the top row first. ArgumentError when nothing has been pushed."""
        return self.painting().pixels()

    async def pixels_async(self) -> bytes:
        """As `pixels`, without blocking the event loop."""
        return await self.painting().pixels_async()

    def png(self) -> bytes:
        """The picture as a PNG file."""
        return encode_png(self.width, self.height, self.pixels())

    async def png_async(self) -> bytes:
        """As `png`, without blocking the event loop."""
        return encode_png(self.width, self.height, await self.pixels_async())

    def save(self, path: str | PathLike[str]) -> None:
        """Write the picture to a PNG file."""
        Path(path).write_bytes(self.png())
