"""A graph as a list of NumPy calls with liveness.

Three things keep the calls few and cheap. Values stay compact: an expanded operand keeps its axes of length 1 until
an operation needs all entries. Movements are views. Large results overwrite an operand that nobody else needs any
more, or go into an array that was used before (`cpu_pool`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter

import numpy as np

from ..ir.graph import Graph
from ..ir.node import Node, Shape, toposort
from ..ir.ops import Kind, Op
from .cpu_ops import (
    WRITERS,
    Array,
    Function,
    broadcast,
    build,
    constant,
    copied,
    index_range,
    routine_call,
    value_dtype,
)
from .cpu_pool import POOLED_FROM, ArrayPool

# Operations whose result can be a view of their first operand.
_VIEWS = frozenset({Op.RESHAPE, Op.PERMUTE, Op.SHRINK, Op.FLIP, Op.SLIDE, Op.BITCAST})

# Operations that need no call: an expanded value stays compact.
ALIASES = frozenset({Op.EXPAND, Op.DETACH})


@dataclass(frozen=True)
class Step:
    """One call: ``values[result] = function(*(values[i] for i in operands))``.

    ``into`` is the place of an operand to overwrite, or −1; ``made`` the shape and dtype of a pooled array to write
    into, or None. Then ``dead`` values are dropped, and the arrays of ``recycled`` ones may be used again.
    """

    function: Function
    operands: tuple[int, ...]
    result: int
    into: int = -1
    made: tuple[Shape, np.dtype] | None = None
    dead: tuple[int, ...] = ()
    recycled: tuple[int, ...] = ()

    def call(self) -> tuple:
        """What running it takes, ready for a loop: two hundred small calls spend a third of their time around NumPy."""
        # A getter of one place gives the value, one of a range a list of one.
        taken = self.operands if len(self.operands) > 1 else [slice(place, place + 1) for place in self.operands]
        take = itemgetter(*(taken or [slice(0)]))
        return take, self.function, self.result, self.into, self.made, self.dead, self.recycled


@dataclass(frozen=True)
class Plan:
    """Steps over a table of values that starts as a copy of ``initial`` with the leaves in front.

    ``leaves`` are their shapes and dtypes. ``outputs[i]`` is the place of output i, whose array nothing else refers
    to, ``stored[i]`` its dtype in memory and ``targets[i]`` the slot it goes to.
    """

    initial: tuple[Array | None, ...]
    leaves: tuple[tuple[Shape, str], ...]
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]
    stored: tuple[str, ...]
    targets: tuple[int, ...]

    def run(self, leaves: Sequence[Array], pool: ArrayPool) -> list[Array]:
        """The output values for the leaves' values."""
        values = [*leaves, *self.initial[len(leaves) :]]
        # Infinities and NaN are ordinary results here, as on a GPU.
        with np.errstate(all="ignore"):
            for take, function, result, into, made, dead, recycled in self.calls:
                if made is not None:
                    values[result] = function(*take(values), out=pool.take(*made))
                elif into >= 0:
                    values[result] = function(*take(values), out=values[into])
                else:
                    values[result] = function(*take(values))
                for i in dead:
                    values[i] = None
                for i in recycled:
                    pool.give(values[i])
                    values[i] = None
        return [values[i] for i in self.outputs]

    @cached_property
    def calls(self) -> tuple[tuple, ...]:
        return tuple(step.call() for step in self.steps)


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
        self.mixing: set[int] = set()  # results of steps that read operands after writing
        self.writers: set[int] = set()  # results of steps that can write into a given array
        for leaf in graph.leaves:
            self.place[leaf] = self._value(leaf.shape, value_dtype(leaf.dtype))

    def _value(
        self, shape: Shape = (), dtype: np.dtype | None = None, initial: Array | None = None, owner: int | None = None
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
        elif node.op in ALIASES:
            self.place[node] = self.place[node.srcs[0]]
        elif node.op is Op.ROUTINE:
            self._add_routine(node)
        elif node.kind is Kind.ELEMENTWISE:
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
        if node.op in WRITERS:
            self.writers.add(self.place[node])
        if node.kind is not Kind.ELEMENTWISE:
            self.mixing.add(self.place[node])

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
        given = {place for place, value in enumerate(self.initial) if value is not None or place < len(graph.leaves)}
        outputs = self._owned([self.materialise(node) for node in graph.outputs], given)
        kept = given.union(outputs)
        last_use: dict[int, int] = {}  # of the memory, through whatever view
        for number, step in enumerate(self.steps):
            for place in (step.result, *step.operands):
                last_use[self.owners[place]] = number
        members: dict[int, list[int]] = {}
        for place, owner in enumerate(self.owners):
            members.setdefault(owner, []).append(place)
        steps = []
        for number, step in enumerate(self.steps):
            ending = {self.owners[place] for place in (step.result, *step.operands)} - kept
            ending = {owner for owner in ending if last_use[owner] == number}
            into = self._overwritten(step, ending)
            recycled = tuple(owner for owner in sorted(ending) if owner != into and self._large(owner))
            dead = tuple(place for owner in sorted(ending) for place in members[owner] if place not in recycled)
            made = None
            if into < 0 and step.result in self.writers and self._large(step.result):
                made = (self.shapes[step.result], self.dtypes[step.result])
            steps.append(replace(step, into=into, made=made, dead=dead, recycled=recycled))
        stored = tuple(node.dtype.name for node in graph.outputs)
        leaves = tuple((leaf.shape, leaf.dtype.name) for leaf in graph.leaves)
        return Plan(tuple(self.initial), leaves, tuple(steps), outputs, stored, graph.targets)

    def _owned(self, places: list[int], given: set[int]) -> tuple[int, ...]:
        """The outputs, where each has an array that nothing else refers to: views and repeated ones are copied."""
        owned: list[int] = []
        for place in places:
            if self.owners[place] != place or place in given or place in owned:
                place = self._step(copied, (place,), self.shapes[place], self.dtypes[place], view=False)
                self.writers.add(place)
            owned.append(place)
        return tuple(owned)

    def _large(self, place: int) -> bool:
        return math.prod(self.shapes[place]) >= POOLED_FROM

    def _overwritten(self, step: Step, ending: set[int]) -> int:
        """The operand whose array can take the step's result, or −1."""
        if step.result not in self.writers or not self._large(step.result):
            return -1
        wanted = (self.shapes[step.result], self.dtypes[step.result])
        for place in step.operands:
            fits = (self.shapes[place], self.dtypes[place]) == wanted and self.owners[place] == place
            if fits and place in ending and step.result not in self.mixing:
                return place
        return -1


def _pick(output: int) -> Callable[[tuple], Array]:
    return lambda results: results[output]


def plan(graph: Graph) -> Plan:
    """The NumPy calls that compute a graph."""
    planner = _Planner(graph)
    for node in toposort(graph.outputs):
        if node.op is not Op.BUFFER:
            planner.add(node)
    return planner.finish(graph)
