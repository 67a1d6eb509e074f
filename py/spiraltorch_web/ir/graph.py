"""A graph ready to be lowered: slots instead of storages, so that equal work has equal keys."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from .node import Node, toposort
from .ops import Op


@dataclass(frozen=True)
class Graph:
    """What to compute and where it goes.

    ``leaves`` are BUFFER nodes whose attrs are (slot,), slot 0 first. ``outputs`` are the values to compute and
    ``targets`` the slot that each is written to: a leaf's slot for an update in place, else a new slot. Slots are
    numbered leaves first, then new outputs.
    """

    leaves: tuple[Node, ...]
    outputs: tuple[Node, ...]
    targets: tuple[int, ...]

    @property
    def num_slots(self) -> int:
        return max((len(self.leaves) - 1, *self.targets), default=-1) + 1

    def __str__(self) -> str:
        """One line per node, operands before users."""
        numbers: dict[Node, int] = {}
        lines = []
        for node in toposort(self.outputs):
            numbers[node] = len(numbers)
            operands = ", ".join(f"%{numbers[src]}" for src in node.srcs)
            attrs = f" {node.attrs}" if node.attrs else ""
            lines.append(f"%{numbers[node]} = {node.op.value}({operands}){attrs} : {node.dtype.name}{list(node.shape)}")
        for node, target in zip(self.outputs, self.targets, strict=True):
            lines.append(f"slot {target} <- %{numbers[node]}")
        return "\n".join(lines)


def canonical(
    outputs: Sequence[Node], assigned: Sequence[object | None] = ()
) -> tuple[Graph, tuple[object, ...], Hashable]:
    """The `Graph` that computes ``outputs``, the storages of its leaves, and a key equal for equal graphs.

    ``assigned[i]`` is the storage that output i overwrites, or None for a new one. Nodes that have a buffer are
    leaves. Equal subgraphs become one node.
    """
    storages: list[object] = []
    slot_of: dict[object, int] = {}
    leaves: list[Node] = []
    known: dict[Hashable, Node] = {}
    number: dict[Node, int] = {}
    mapped: dict[Node, Node] = {}
    key: list[Hashable] = []

    def leaf(storage: object, node: Node) -> Node:
        slot = slot_of.get(storage)
        if slot is None:
            slot = slot_of[storage] = len(storages)
            storages.append(storage)
            leaves.append(Node(Op.BUFFER, (), (slot,), node.shape, node.dtype))
            number[leaves[slot]] = len(key)
            key.append(("leaf", node.shape, node.dtype.name))
        if (leaves[slot].shape, leaves[slot].dtype) != (node.shape, node.dtype):
            raise ValueError(f"one storage is used as {leaves[slot]} and as {node}")
        return leaves[slot]

    computed = {node for node in toposort(outputs) if node.buffer is not None}
    for node in toposort(outputs, computed):
        if node.buffer is not None:
            mapped[node] = leaf(node.buffer, node)
            continue
        srcs = tuple(mapped[src] for src in node.srcs)
        # repr tells 0.0 from -0.0 and 1 from True and 1.0.
        attrs = repr(node.attrs) if node.op in (Op.CONST, Op.PAD) else node.attrs
        entry = (node.op, tuple(number[src] for src in srcs), attrs, node.shape, node.dtype.name)
        twin = known.get(entry)
        if twin is None:
            twin = known[entry] = Node(node.op, srcs, node.attrs, node.shape, node.dtype)
            number[twin] = len(key)
            key.append(entry)
        mapped[node] = twin

    targets: list[int] = []
    for i, output in enumerate(outputs):
        storage = assigned[i] if i < len(assigned) else None
        if storage is not None:
            leaf(storage, output)
            targets.append(slot_of[storage])
        else:
            targets.append(-1)
    fresh = len(storages)
    for i, target in enumerate(targets):
        if target < 0:
            targets[i] = fresh
            fresh += 1
    graph = Graph(tuple(leaves), tuple(mapped[node] for node in outputs), tuple(targets))
    key.append((tuple(number[node] for node in graph.outputs), graph.targets))
    return graph, tuple(storages), tuple(key)
