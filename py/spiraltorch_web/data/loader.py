"""Batches of a dataset, once through per epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..compiled import compile
from ..errors import ArgumentError
from ..tensor import Generator, Tensor, arange, randperm, tensor
from .collate import default_collate
from .dataset import Dataset, device_rows, generator_of

__all__ = ["DataLoader"]


class DataLoader:
    """Iterate over batches: ``for x, y in DataLoader(dataset, batch_size=32, shuffle=True, seed=0)``.

    A `TensorDataset` (or `Subset` of one) stays on the device: each batch is one small program that gathers rows from
    an offset kept there, with nothing uploaded or compiled per batch. Samples of any other dataset are fetched one by
    one and joined by ``collate_fn``. ``shuffle`` draws a new order each epoch from ``seed`` or ``generator``, else
    from the default generator. ``drop_last`` leaves out a last batch that is smaller than the others.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        seed: int | None = None,
        generator: Generator | None = None,
        collate_fn: Callable[[Sequence[Any]], Any] | None = None,
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ArgumentError(f"batch_size is a whole number ≥ 1, got {batch_size!r}")
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.generator = generator_of(seed, generator)
        self.collate_fn = collate_fn or default_collate
        on_device = None if collate_fn else device_rows(dataset)
        self._rows = _DeviceRows(*on_device) if on_device else None

    def __len__(self) -> int:
        """The number of batches."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        order = randperm(len(self.dataset), generator=self.generator) if self.shuffle else None
        if self._rows is not None:
            return self._rows.batches(order, self._sizes())
        return self._collated(range(len(self.dataset)) if order is None else order.tolist())

    def _sizes(self) -> Iterator[int]:
        """The size of each batch."""
        for batch in range(len(self)):
            yield min(self.batch_size, len(self.dataset) - batch * self.batch_size)

    def _collated(self, order: Sequence[int]) -> Iterator[Any]:
        start = 0
        for size in self._sizes():
            yield self.collate_fn([self.dataset[index] for index in order[start : start + size]])
            start += size


class _DeviceRows:
    """Takes batches of rows from tensors on the device."""

    def __init__(self, tensors: tuple[Tensor, ...], rows: Tensor | None) -> None:
        self._tensors = tensors
        self._rows = rows
        self._fetch = compile(self._gather)

    def batches(self, order: Tensor | None, sizes: Iterator[int]) -> Iterator[tuple[Tensor, ...]]:
        """Batches of the given sizes, one after another through ``order``."""
        if order is None:
            order = self._rows
        elif self._rows is not None:
            order = self._rows[order]
        start = tensor(0)
        for size in sizes:
            batch, start = self._fetch(order, start, size)
            yield batch

    def _gather(self, order: Tensor | None, start: Tensor, size: int) -> tuple[tuple[Tensor, ...], Tensor]:
        """``size`` rows from place ``start`` of the order on, and the next start."""
        places = start + arange(size)
        index = places if order is None else order.index_select(0, places)
        return tuple(entry.index_select(0, index) for entry in self._tensors), start + size
