"""Datasets: anything with a length and items by index."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

from ..errors import ArgumentError, ShapeError
from ..tensor import Generator, Tensor, as_tensor, randperm, tensor

__all__ = ["Dataset", "Subset", "TensorDataset", "device_rows", "generator_of", "random_split"]


class Dataset(Protocol):
    """What a `DataLoader` needs; a class of your own need not inherit from this one."""

    def __len__(self) -> int:
        """How many samples there are."""

    def __getitem__(self, index: int) -> Any:
        """One sample."""


class TensorDataset:
    """Rows of tensors of equal length; they stay on the device, and a loader takes batches from them there."""

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ArgumentError("TensorDataset needs at least one tensor")
        self.tensors = tuple(as_tensor(entry) for entry in tensors)
        shapes = [tuple(entry.shape) for entry in self.tensors]
        if any(not shape or shape[0] != shapes[0][0] for shape in shapes):
            raise ShapeError(f"TensorDataset needs tensors with equally many rows, got shapes {shapes}")

    def __len__(self) -> int:
        return self.tensors[0].shape[0]

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(entry[index] for entry in self.tensors)


class Subset:
    """The samples of a dataset at ``indices``, in that order."""

    def __init__(self, dataset: Dataset, indices: Sequence[int] | Tensor) -> None:
        self.dataset = dataset
        self._indices = indices

    @property
    def indices(self) -> list[int]:
        """The indices as numbers; those of `random_split` are read from the device at first use."""
        if isinstance(self._indices, Tensor):
            self._indices = self._indices.tolist()
        return list(self._indices)

    def rows(self) -> Tensor:
        """The indices as an int32 tensor."""
        return self._indices if isinstance(self._indices, Tensor) else tensor(list(self._indices), dtype="int32")

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]


def random_split(
    dataset: Dataset, lengths: Sequence[float], *, seed: int | None = None, generator: Generator | None = None
) -> list[Subset]:
    """Random subsets of the given lengths without common samples.

    Fractions that sum to 1 share what rounding leaves, one sample each from the first on.
    """
    sizes = _sizes(len(dataset), lengths)
    order = randperm(len(dataset), generator=generator_of(seed, generator))
    starts = [sum(sizes[:part]) for part in range(len(sizes))]
    return [Subset(dataset, order[start : start + size]) for start, size in zip(starts, sizes, strict=True)]


def device_rows(dataset: Dataset) -> tuple[tuple[Tensor, ...], Tensor | None] | None:
    """The tensors behind a dataset that lives on the device, and which of their rows (None: all); else None."""
    if type(dataset) is TensorDataset:
        return dataset.tensors, None
    if type(dataset) is Subset:
        inner = device_rows(dataset.dataset)
        if inner is not None:
            tensors, rows = inner
            return tensors, dataset.rows() if rows is None else rows[dataset.rows()]
    return None


def generator_of(seed: int | None, generator: Generator | None) -> Generator | None:
    """The generator that ``seed`` or ``generator`` asks for; None is the default one."""
    if seed is not None and generator is not None:
        raise ArgumentError("give a seed or a generator, not both")
    return generator if seed is None else Generator(seed)


def _sizes(total: int, lengths: Sequence[float]) -> list[int]:
    if any(length < 0 for length in lengths):
        raise ArgumentError(f"lengths are not negative, got {list(lengths)}")
    if math.isclose(sum(lengths), 1.0) and any(isinstance(length, float) for length in lengths):
        sizes = [math.floor(total * length) for length in lengths]
        for part in range(total - sum(sizes)):
            sizes[part % len(sizes)] += 1
        return sizes
    if sum(lengths) != total or not all(isinstance(length, int) for length in lengths):
        raise ArgumentError(f"lengths have to sum to {total} samples, or as fractions to 1; got {list(lengths)}")
    return list(lengths)
