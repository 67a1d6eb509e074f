"""Einstein summation: ``einsum("bij,bjk->bik", a, b)``."""

from __future__ import annotations

import math
import string
from typing import Any

from ..errors import ArgumentError, ShapeError
from .core import Tensor
from .elementwise import mul
from .matrices import diagonal
from .operands import as_tensor
from .products import matmul
from .reduction import sum as total
from .shaping import expand, permute, reshape

Labels = tuple[str, ...]


def einsum(equation: Any, *operands: Any) -> Tensor:
    """Products of entries, summed over every label that the result does not have.

    One letter per axis, operands separated by commas, the result after ``->``; without it the result has the labels
    that occur once, in alphabetical order. ``...`` stands for leading axes that broadcast. A label that is repeated
    within an operand takes its diagonal. Operands are combined from left to right. The form with lists of axis
    numbers, ``einsum(a, [0, 1], b, [1, 2], [0, 2])``, works as well.
    """
    if not isinstance(equation, str):
        equation, operands = _spelled(equation, *operands)
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    tensors = [as_tensor(operand) for operand in operands]
    inputs, output = _parsed(equation, tensors)
    sizes = _sizes(equation, inputs, tensors)
    terms = [_diagonals(*term) for term in zip(inputs, tensors, strict=True)]
    labels, result = terms[0]
    for position, (other, tensor) in enumerate(terms[1:], start=1):
        needed = set(output).union(*(later for later, _ in terms[position + 1 :]))
        labels, result = _contract(labels, result, other, tensor, needed, sizes)
    return _finished(labels, result, output, sizes)


def _spelled(*arguments: Any) -> tuple[str, tuple]:
    """The equation of the form with lists of axis numbers."""

    def letters(axes: Any) -> str:
        return "".join("..." if axis is ... else string.ascii_letters[axis] for axis in axes)

    pairs = list(zip(arguments[0::2], arguments[1::2], strict=False))
    equation = ",".join(letters(axes) for _, axes in pairs)
    if len(arguments) % 2:
        equation += "->" + letters(arguments[-1])
    return equation, tuple(operand for operand, _ in pairs)


def _parsed(equation: str, tensors: list[Tensor]) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result; axes under an ellipsis are labelled "0", "1", … from the right."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise ArgumentError(f"einsum {equation!r} has {len(terms)} operands, got {len(tensors)} tensors")
    inputs = [_labels(equation, term, tensor.ndim) for term, tensor in zip(terms, tensors, strict=True)]
    hidden = max((sum(label.isdigit() for label in labels) for labels in inputs), default=0)
    if arrow:
        output = _labels(equation, right, len(right.replace("...", "")) + (hidden if "..." in right else 0))
    else:
        every = [label for labels in inputs for label in labels]
        once = sorted(label for label in set(every) if label.isalpha() and every.count(label) == 1)
        output = (*_hidden(hidden), *once)
    if len(set(output)) != len(output):
        raise ArgumentError(f"einsum {equation!r}: a label appears twice in the result")
    for label in output:
        if not any(label in labels for labels in inputs):
            raise ArgumentError(f"einsum {equation!r}: the result's label {label!r} is in no operand")
    return inputs, output


def _hidden(count: int) -> Labels:
    return tuple(str(place) for place in reversed(range(count)))


def _labels(equation: str, term: str, ndim: int) -> Labels:
    before, dots, after = term.partition("...")
    letters = before + after
    if not all(letter.isalpha() and letter.isascii() for letter in letters):
        raise ArgumentError(f"einsum {equation!r}: {term!r} is not made of letters and at most one '...'")
    hidden = ndim - len(letters)
    if hidden < 0 or (hidden and not dots):
        raise ShapeError(f"einsum {equation!r}: {term!r} does not label {ndim} axes")
    return (*before, *_hidden(hidden), *after)


def _sizes(equation: str, inputs: list[Labels], tensors: list[Tensor]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for labels, tensor in zip(inputs, tensors, strict=True):
        for label, size in zip(labels, tensor.shape, strict=True):
            known = sizes.get(label, 1)
            if size != known and 1 not in (size, known):
                raise ShapeError(f"einsum {equation!r}: label {label!r} has lengths {known} and {size}")
            sizes[label] = size if known == 1 else known
    return sizes


def _diagonals(labels: Labels, tensor: Tensor) -> tuple[Labels, Tensor]:
    """Repeated labels taken as diagonals."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            tensor = diagonal(tensor, 0, first, second)
            labels = (*(old for place, old in enumerate(labels) if place not in (first, second)), label)
    return labels, tensor


def _contract(
    left: Labels, x: Tensor, right: Labels, y: Tensor, needed: set[str], sizes: dict[str, int]
) -> tuple[Labels, Tensor]:
    """Two operands as one batched matrix product."""
    left, x = _summed(left, x, needed.union(right))
    right, y = _summed(right, y, needed.union(left))
    shared = [label for label in left if label in right]
    batch = [label for label in shared if label in needed]
    inner = [label for label in shared if label not in needed]
    rows = [label for label in left if label not in right]
    columns = [label for label in right if label not in left]
    x = _arranged(left, x, (*batch, *rows, *inner), sizes)
    y = _arranged(right, y, (*batch, *inner, *columns), sizes)
    result = (*batch, *rows, *columns)
    shape = tuple(sizes[label] for label in batch)
    m, k, n = (math.prod(sizes[label] for label in group) for group in (rows, inner, columns))
    if not inner:
        a = reshape(x, (*shape, *(sizes[label] for label in rows), *(1 for _ in columns)))
        b = reshape(y, (*shape, *(1 for _ in rows), *(sizes[label] for label in columns)))
        return result, mul(a, b)
    product = matmul(reshape(x, (*shape, m, k)), reshape(y, (*shape, k, n)))
    return result, reshape(product, tuple(sizes[label] for label in result))


def _summed(labels: Labels, tensor: Tensor, kept: set[str]) -> tuple[Labels, Tensor]:
    """The sum over labels that nobody else needs."""
    axes = tuple(axis for axis, label in enumerate(labels) if label not in kept)
    return tuple(label for label in labels if label in kept), total(tensor, axes) if axes else tensor


def _arranged(labels: Labels, tensor: Tensor, order: Labels, sizes: dict[str, int]) -> Tensor:
    """Axes in the given order, at their full lengths."""
    tensor = permute(tensor, tuple(labels.index(label) for label in order))
    return expand(tensor, tuple(sizes[label] for label in order))


def _finished(labels: Labels, tensor: Tensor, output: Labels, sizes: dict[str, int]) -> Tensor:
    labels, tensor = _summed(labels, tensor, set(output))
    tensor = permute(tensor, tuple(labels.index(label) for label in output))
    return expand(tensor, tuple(sizes[label] for label in output))
