"""Reading buffers back on the native device: ranges are packed into a staging buffer, which is then mapped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wgpu.backends.wgpu_native import lib

from .native_api import STAGING, Api, Mapping
from .pool import size_class

ROUND_BYTES = 256 << 20  # longer reads take several rounds, so that staging memory stays bounded
KEPT_STAGING = 2
KEPT_BYTES = 32 << 20  # a larger staging buffer serves one read


@dataclass(frozen=True)
class Piece:
    """Copy ``nbytes`` at ``offset`` of a buffer into ``destination``; it lies at ``place`` in the staging buffer."""

    buffer: object
    offset: int
    nbytes: int
    place: int
    destination: memoryview


def plan_rounds(ranges: Sequence[tuple[object, memoryview]]) -> Iterator[list[Piece]]:
    """Split (buffer, destination) pairs into rounds of at most `ROUND_BYTES`. Lengths are multiples of 4."""
    pieces: list[Piece] = []
    place = 0
    for buffer, destination in ranges:
        done = 0
        while done < len(destination):
            nbytes = min(len(destination) - done, ROUND_BYTES - place)
            pieces.append(Piece(buffer, done, nbytes, place, destination[done : done + nbytes]))
            done += nbytes
            place += (nbytes + 7) & ~7
            if place >= ROUND_BYTES:
                yield pieces
                pieces, place = [], 0
    if pieces:
        yield pieces


class Reader:
    """Keeps a few staging buffers and moves pieces through them."""

    def __init__(self, api: Api, largest: int) -> None:
        self._api = api
        self._largest = largest
        self._idle: list[tuple[int, object]] = []

    def record(self, encoder, pieces: Sequence[Piece]) -> tuple[int, object]:
        """Record the copies into a staging buffer, which is returned with its size."""
        total = pieces[-1].place + pieces[-1].nbytes
        staging = self._take(total)
        for piece in pieces:
            lib.wgpuCommandEncoderCopyBufferToBuffer(
                encoder, piece.buffer, piece.offset, staging[1], piece.place, piece.nbytes
            )
        return staging

    def map(self, staging: tuple[int, object], pieces: Sequence[Piece]) -> Mapping:
        """Ask to see what was recorded; call after the recording was submitted."""
        return Mapping(self._api, staging[1], pieces[-1].place + pieces[-1].nbytes)

    def deliver(self, mapping: Mapping, staging: tuple[int, object], pieces: Sequence[Piece]) -> None:
        """Copy a finished mapping to the pieces' destinations."""
        for piece in pieces:
            mapping.copy(piece.place, piece.destination)
        mapping.close()
        if staging[0] <= KEPT_BYTES:
            self._idle.append(staging)
            del self._idle[:-KEPT_STAGING]

    def _take(self, nbytes: int) -> tuple[int, object]:
        for staging in self._idle:
            if staging[0] >= nbytes:
                self._idle.remove(staging)
                return staging
        size = size_class(max(nbytes, 4096), self._largest)
        return size, self._api.create_buffer(size, STAGING)
