"""How results are judged: NumPy in float64 is the truth; derivatives are differences of values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import spiraltorch_web as st

# Relative and absolute bounds for one float32 operation. WGSL allows several ulp for transcendental functions, and
# lavapipe uses them: sin and cos err by up to 5e-6 beyond ±π.
VALUE = {"rtol": 3e-5, "atol": 3e-6}
# Central differences in float32: the step h = 3e-3 leaves h² · f‴ and 1e-7 / h of rounding.
SLOPE = {"rtol": 2e-2, "atol": 2e-3}


def numbers(*shape: int, low: float = -2.0, high: float = 2.0, seed: int = 0) -> np.ndarray:
    """float32, uniform, never closer than 0.02 to an integer: away from the kinks of rounding functions."""
    random = np.random.default_rng((seed, *shape))
    values = random.uniform(low, high, shape)
    near = np.abs(values - np.round(values)) < 0.02
    return np.where(near, values + 0.05, values).astype(np.float32)


def apart(*shape: int) -> np.ndarray:
    """float32 in random order, no two closer than a difference's step moves them: a maximum keeps its place."""
    count = int(np.prod(shape))
    return (np.random.default_rng(3).permutation(count).reshape(shape) * 0.05 - count / 40).astype(np.float32)


def agrees(result: st.Tensor, wanted: np.ndarray, **bounds: float) -> None:
    """Assert shape and values."""
    got = result.numpy()
    assert got.shape == np.shape(wanted)
    np.testing.assert_allclose(got, wanted, **(bounds or VALUE))


def check_gradient(function: Callable[..., st.Tensor], *arrays: np.ndarray, order: int = 2) -> None:
    """Compare derivatives with central differences in one random direction, up to the given order.

    The function is reduced to a number by random weights, so one direction tests every entry.
    """
    random = np.random.default_rng(7)
    weights = [None]

    def number(*tensors: st.Tensor) -> st.Tensor:
        result = function(*tensors)
        if weights[0] is None:
            weights[0] = random.normal(size=tuple(result.shape)).astype(np.float32)
        return (result * st.tensor(weights[0])).sum()

    places = tuple(range(len(arrays)))
    directions = [random.normal(size=array.shape).astype(np.float32) for array in arrays]
    norm = np.sqrt(sum(float((d.astype(np.float64) ** 2).sum()) for d in directions))
    directions = [(d / norm).astype(np.float32) for d in directions]

    def slope(*tensors: st.Tensor) -> st.Tensor:
        """The derivative of ``number`` in the direction."""
        found = st.grad(number, places)(*tensors)
        return sum((part * st.tensor(d)).sum() for part, d in zip(found, directions, strict=True))

    _matches_difference(number, slope, arrays, directions)
    if order > 1:
        _matches_difference(slope, lambda *t: _curvature(slope, places, directions, t), arrays, directions)


def _curvature(slope: Callable, places: tuple, directions: list, tensors: tuple) -> st.Tensor:
    found = st.grad(slope, places)(*tensors)
    return sum((part * st.tensor(d)).sum() for part, d in zip(found, directions, strict=True))


def _matches_difference(function: Callable, derivative: Callable, arrays: tuple, directions: list) -> None:
    step = 3e-3 * max(1.0, np.sqrt(sum(array.size for array in arrays)))
    ahead = [st.tensor(array + step * d) for array, d in zip(arrays, directions, strict=True)]
    behind = [st.tensor(array - step * d) for array, d in zip(arrays, directions, strict=True)]
    wanted = (float(function(*ahead)) - float(function(*behind))) / (2 * step)
    got = float(derivative(*map(st.tensor, arrays)))
    np.testing.assert_allclose(got, wanted, **SLOPE)
