"""One picture of a folded relation, from the device's shader or from its twin."""

from __future__ import annotations

from dataclasses import dataclass

from ...runtime.painting import Scene, paint, scene
from ...runtime.realize import read_values, read_values_async
from ...tensor import Tensor
from ...tensor.core import wrap
from .look import Look, View
from .ring import Fold
from .twin import shade


@dataclass(frozen=True)
class Painting:
    """A fold and how it is to be seen, ``shader`` being the WGSL; nothing is read before its pixels are asked for."""

    fold: Fold
    width: int
    height: int
    look: Look
    shader: str

    def scene(self) -> Scene | None:
        """What the device's painter needs; None on a device without shaders."""
        view = self._view()
        uniforms = view.packed(self.look.shades)
        return scene(self.shader, view.entry, uniforms, (self.fold.relation, self.fold.peak))

    def pixels(self) -> bytes:
        """RGBA bytes, the top row first."""
        words = self._words()
        return _cut(read_values([words])[0], self.height, self.width)

    async def pixels_async(self) -> bytes:
        """As `pixels`, without blocking the event loop."""
        words = self._words()
        return _cut((await read_values_async([words]))[0], self.height, self.width)

    def _words(self) -> Tensor:
        """The pixels u32[height, n ≥ width], red in the lowest byte."""
        shown = self.scene()
        if shown is not None:
            return wrap(paint(shown, self.width, self.height))
        return shade(self.fold.relation, self.fold.peak, self._view(), self.look.shades)

    def _view(self) -> View:
        return View.of(tuple(self.fold.relation.shape), self.width, self.height, self.look.layout)


def _cut(words: memoryview, height: int, width: int) -> bytes:
    """The first ``width`` words of every row."""
    row = len(words) // height
    return b"".join(words[start : start + 4 * width] for start in range(0, len(words), row))
