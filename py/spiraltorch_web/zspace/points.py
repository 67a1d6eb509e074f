"""Points of a ball: which tensors are known to hold them, and what watches over those that are not.

Results of the maps and parameters of a `PoincareBall` are known to lie in their ball, and so are their rows. Of other
tensors the device watches the largest norm, which becomes an error with the next value that is read.
"""

from __future__ import annotations

import math

from ..errors import ArgumentError
from ..ir.node import Node
from ..ir.ops import Op
from ..runtime.session import session
from ..runtime.trace import use
from ..tensor import Tensor
from ..tensor.alarms import watch
from .manifolds import PoincareBall

__all__ = ["curvature_of", "inside", "marked"]

# Operations whose result has rows of the first operand where the length of the last axis stays.
_ROWS = frozenset({Op.RESHAPE, Op.EXPAND, Op.GATHER, Op.SHRINK, Op.FLIP, Op.PERMUTE, Op.DETACH})


def marked(x: Tensor, curvature: float) -> Tensor:
    """x, from now on known to hold points of the ball."""
    session().known[use(x)] = curvature
    return x


def curvature_of(x: Tensor) -> float | None:
    """The curvature of the ball whose points x is known to hold."""
    return _of_owner(x) or _of_node(use(x))


def _of_owner(x: Tensor | None) -> float | None:
    """The curvature of a parameter's ball: parameters are checked whenever they are written."""
    manifold = getattr(x, "manifold", None)
    return manifold.curvature if isinstance(manifold, PoincareBall) else None


def _of_node(node: Node) -> float | None:
    current = session()
    while True:
        leaf = current.leaf_of.get(node)
        known = current.known.get(node) or leaf and _of_owner(leaf())
        if known:
            return known
        if node.op is Op.WHERE and _whole_rows(node.srcs[0]):
            found = {_of_node(src) for src in node.srcs[1:]}
            return found.pop() if len(found) == 1 else None
        if node.op not in _ROWS or not _keeps_rows(node):
            return None
        node = node.srcs[0]


def _whole_rows(condition: Node) -> bool:
    """Whether a condition is the same for all coordinates of a point."""
    return condition.op is Op.EXPAND and condition.srcs[0].shape[-1] == 1


def _keeps_rows(node: Node) -> bool:
    (src, *_) = node.srcs
    if not src.shape or not node.shape or src.shape[-1] != node.shape[-1]:
        return False
    if node.op is Op.PERMUTE:
        return node.attrs[0][-1] == src.ndim - 1
    if node.op is Op.FLIP:
        return src.ndim - 1 not in node.attrs[0]
    return node.op is not Op.GATHER or src.ndim > 1


def inside(name: str, label: str, x: Tensor, squared: Tensor, curvature: float) -> None:
    """Check that x, whose c‖x‖² are ``squared``, holds points of the ball: now where that is known, else on the device.

    ``name`` and ``label`` say which argument of which function this is.
    """
    known = curvature_of(x)
    if known is None:
        if squared.numel():
            watch(
                (name, label, curvature), squared.detach().amax(), lambda worst: _judged(name, label, worst, curvature)
            )
    elif known != curvature:
        raise ArgumentError(
            f"{name}: {label} holds points of curvature {known:g}, but the call has curvature={curvature:g}"
        )


def _judged(name: str, label: str, worst: float, curvature: float) -> str | None:
    if worst < 1.0:
        return None
    radius = math.sqrt(-1.0 / curvature)
    if math.isnan(worst):
        return f"{name}: {label} holds NaN"
    return (
        f"{name}: {label} holds a point of norm {math.sqrt(worst) * radius:.7g}, but the ball of curvature "
        f"{curvature:g} has radius {radius:.7g}; zspace.geometry.project brings points inside"
    )
