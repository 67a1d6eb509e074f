"""A cluster: what becomes one kernel, over which space, and where its values lie in that space."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..ir.node import Node
from .index import Index, unflatten, variable
from .views import Position


@dataclass(eq=False)
class Cluster:
    """One kernel to be: its space, its anchors and the values it stores.

    ``kind`` is "loop", "row", "matmul" or "routine". ``shape`` is the space: of a loop or matmul its result, of a row
    cluster what is reduced over ``axes``.
    """

    kind: str
    shape: tuple[int, ...]
    axes: tuple[int, ...] = ()
    anchors: list[Node] = field(default_factory=list)
    members: dict[Node, None] = field(default_factory=dict)
    outputs: list[Node] = field(default_factory=list)
    extras: dict[Node, None] = field(default_factory=dict)  # small results of another shape, computed on the side
    waits_for: set[Cluster] = field(default_factory=set)

    @property
    def kept(self) -> tuple[int, ...]:
        """Shape of a row cluster's results."""
        return tuple(size for axis, size in enumerate(self.shape) if axis not in self.axes)

    @property
    def reduced(self) -> tuple[int, ...]:
        """Lengths of the axes that a row cluster reduces."""
        return tuple(self.shape[axis] for axis in self.axes)

    def depends_on(self, others: set[Cluster] | frozenset[Cluster]) -> bool:
        """Whether this cluster waits, directly or not, for one of the others."""
        seen: set[Cluster] = set()
        todo = [self]
        while todo:
            cluster = todo.pop()
            if cluster in others:
                return True
            if cluster not in seen:
                seen.add(cluster)
                todo.extend(cluster.waits_for)
        return False

    def position(self, shape: tuple[int, ...]) -> Position | None:
        """Where a member of the given shape is computed, in the cluster's own variables; None if it has no place."""
        if self.kind != "row":
            return (
                unflatten(variable("at", math.prod(self.shape)), shape)
                if math.prod(shape) == math.prod(self.shape)
                else None
            )
        rows = variable("row", math.prod(self.kept))
        steps = variable("step", math.prod(self.reduced))
        if shape == self.shape:
            return self.full_position(rows, steps)
        keepdims = tuple(1 if axis in self.axes else size for axis, size in enumerate(self.shape))
        if shape in (self.kept, keepdims):
            return unflatten(rows, shape)
        return None

    def place(self, node: Node) -> Position | None:
        """Where a stored node is computed."""
        if node in self.extras:
            return unflatten(variable("extra", node.size), node.shape)
        return self.position(node.shape)

    def full_position(self, rows: Index, steps: Index) -> Position:
        """The position in ``shape`` of a row number and a step number."""
        kept, reduced = iter(unflatten(rows, self.kept)), iter(unflatten(steps, self.reduced))
        return tuple(next(reduced) if axis in self.axes else next(kept) for axis in range(len(self.shape)))
