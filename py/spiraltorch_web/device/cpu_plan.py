"""A graph as a list of NumPy calls with liveness.

Three things keep the calls few and cheap. Values stay compact: an expanded operand keeps its axes of length 1 until
an operation needs all entries. Movements are views. An elementwise result overwrites a large operand that nobody
else needs any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..ir.graph import Graph
from ..ir.node import Node, Shape, toposort
from ..ir.ops import Kind, Op
from .cpu_ops import UFUNCS, Array, Function, broadcast, build, constant, index_range, routine_call, value_dtype

# Below this many entries a new array costs less than the bookkeeping saves (measured 2026-11: 0.3 µs a call).
_REUSE_FROM = 4096

# Operations whose result can be a view of their first operand.
_VIEWS = frozenset({Op.RESHAPE, Op.PERMUTE, Op.EXPAND, Op.SHRINK, Op.FLIP, Op.SLIDE, Op.BITCAST, Op.DETACH, Op.ROUTINE})


@dataclass(frozen=True)
class Step:
    """One call: ``values[result] = function(*(values[i] for i in operands))``, then ``dead`` values are dropped."""

    function: Function
    operands: tuple[int, ...]
    result: int
    dead: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Steps over a table of values that starts as a copy of ``initial`` with the leaves in front.

    ``leaves`` are their shapes and dtypes. ``outputs[i]`` is the place of output i, ``stored[i]`` its dtype in memory
    and ``targets[i]`` the slot it goes to.
    """

    initial: tuple[Array | None, ...]
    leaves: tuple[tuple[Shape, str], ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    stored: tuple[str, ...]
    targets: tuple[int, ...]

    def run(self, leaves: Sequence[Array]) -> list[Array]:
        """The output values for the leaves' values."""
        values = [*leaves, *self.initial[len(leaves) :]]
        # Infinities and NaN are ordinary results here, as on a GPU.
        with np.errstate(all="ignore"):
            for step in self.steps:
                values[step.result] = step.function(*[values[i] for i in step.operands])
                for i in step.dead:
                    values[i] = None
        return [values[i] for i in self.outputs]


class _Planner:
    """Collects the steps of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.initial: list[Array | None] = []
        self.shapes: list[Shape] = []  # of the values, which may be compact
        self.owners: list[int] = []  # the value whose memory this one is a view of
        self.steps: list[Step] = []
        self.place: dict[Node, int] = {}
        self.full: dict[Node, int] = {}
        self.calls: dict[tuple, int] = {}
        self.dtypes: list[np.dtype | None] = []
        for leaf in graph.leaves:
            self.place[leaf] = self._value(leaf.shape, value_dtype(leaf.dtype))

    def _value(
        self, shape: Shape, dtype: np.dtype | None, initial: Array | None = None, owner: int | None = None
    ) -> int:
        place = len(self.initial)
        self.initial.append(initial)
        self.shapes.append(shape)
        self.dtypes.append(dtype)
        self.owners.append(place if owner is None else owner)
        return place

    def _step(
        self, function: Function, operands: tuple[int, ...], shape: Shape, dtype: np.dtype | None, *, view: bool
    ) -> int:
        result = self._value(shape, dtype, owner=self.owners[operands[0]] if view else None)
        self.steps.append(Step(function, operands, result))
        return result

    def materialise(self, node: Node) -> int:
        """The place of a node's value with its full shape."""
        place = self.place[node]
        if self.shapes[place] == node.shape:
            return place
        if node not in self.full:
            self.full[node] = self._step(broadcast(node.shape), (place,), node.shape, self.dtypes[place], view=True)
        return self.full[node]

    def add(self, node: Node) -> None:
        """Plan the computation of one node, whose operands are planned."""
        if node.op is Op.CONST:
            self._add_initial(node, constant(node))
        elif node.op is Op.IOTA:
            self._add_initial(node, index_range(node))
        elif node.op is Op.ROUTINE:
            self._add_routine(node)
        elif node.kind is Kind.ELEMENTWISE or node.op is Op.EXPAND:
            operands = tuple(self.place[src] for src in node.srcs)
            shape = np.broadcast_shapes(*(self.shapes[place] for place in operands))
            self._add_step(node, operands, shape)
        else:
            self._add_step(node, tuple(self.materialise(src) for src in node.srcs), node.shape)

    def _add_initial(self, node: Node, value: Array) -> None:
        self.place[node] = self._value(value.shape, value.dtype, value)

    def _add_step(self, node: Node, operands: tuple[int, ...], shape: Shape) -> None:
        view = node.op in _VIEWS
        self.place[node] = self._step(build(node), operands, shape, value_dtype(node.dtype), view=view)

    def _add_routine(self, node: Node) -> None:
        name, params, output = node.attrs
        call = (name, params, node.srcs)
        if call not in self.calls:
            operands = tuple(self.materialise(src) for src in node.srcs)
            self.calls[call] = self._step(routine_call(node), operands, (), None, view=False)
        place = self.calls[call]
        self.place[node] = self._step(_pick(output), (place,), node.shape, value_dtype(node.dtype), view=True)

    def finish(self, graph: Graph) -> Plan:
        """The plan, with dead values marked and their memory used again."""
        outputs = tuple(self.materialise(node) for node in graph.outputs)
        kept = {self.owners[place] for place in outputs} | {
            place for place, value in enumerate(self.initial) if value is not None or place < len(graph.leaves)
        }
        last_use: dict[int, int] = {}  # of the memory, through whatever view
        for number, step in enumerate(self.steps):
            last_use[self.owners[step.result]] = number
            for place in step.operands:
                last_use[self.owners[place]] = number
        members: dict[int, list[int]] = {}
        for place, owner in enumerate(self.owners):
            members.setdefault(owner, []).append(place)
        steps = []
        for number, step in enumerate(self.steps):
            ending = {self.owners[place] for place in step.operands} - kept
            ending = {owner for owner in ending if last_use[owner] == number}
            dead = tuple(place for owner in sorted(ending) for place in members[owner] if place != step.result)
            steps.append(Step(self._in_place(step, ending), step.operands, step.result, dead))
        stored = tuple(node.dtype.name for node in graph.outputs)
        leaves = tuple((leaf.shape, leaf.dtype.name) for leaf in graph.leaves)
        return Plan(tuple(self.initial), leaves, tuple(steps), outputs, stored, graph.targets)

    def _in_place(self, step: Step, ending: set[int]) -> Function:
        """The step's function, writing over an operand that ends here where that is possible."""
        shape, dtype = self.shapes[step.result], self.dtypes[step.result]
        if step.function not in _REUSABLE or np.prod(shape, dtype=int) < _REUSE_FROM:
            return step.function
        for position, place in enumerate(step.operands):
            fits = self.shapes[place] == shape and self.dtypes[place] == dtype and self.owners[place] == place
            if fits and place in ending:
                return _overwriting(step.function, len(step.operands), position)
        return step.function


_REUSABLE = frozenset(UFUNCS.values())


def _overwriting(ufunc: Function, arity: int, position: int) -> Function:
    if arity == 1:
        return lambda x: ufunc(x, x)
    if position == 0:
        return lambda a, b: ufunc(a, b, a)
    return lambda a, b: ufunc(a, b, b)


def _pick(output: int) -> Callable[[tuple], Array]:
    return lambda results: results[output]


def plan(graph: Graph) -> Plan:
    """The NumPy calls that compute a graph."""
    planner = _Planner(graph)
    for node in toposort(graph.outputs):
        if node.op is not Op.BUFFER:
            planner.add(node)
    return planner.finish(graph)
