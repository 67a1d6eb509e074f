"""What the generators of loop, row and matmul kernels share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..ir.caps import Caps
from ..ir.node import Node
from ..ir.ops import Op
from ..ir.program import Kernel
from .bindings import Bindings, Place
from .cluster import Cluster
from .emit import Emitter
from .expressions import helpers


@dataclass(frozen=True)
class Draft:
    """A kernel with the places that its bindings refer to, as (place, offset, bytes), and its grid."""

    kernel: Kernel
    refs: tuple[tuple[Place, int, int], ...]
    grid: tuple[int, int, int]


@dataclass(frozen=True)
class Context:
    """What a generator may ask about the rest of the graph."""

    caps: Caps
    stored: Callable[[Node], bool]
    place_of: Callable[[Node], Place]

    def emitter(self, bindings: Bindings, cluster: Cluster) -> Emitter:
        return Emitter(
            bindings, lambda node: node.op is Op.BUFFER or (node not in cluster.members and self.stored(node))
        )


Generated = tuple[str, tuple[int, int, int]]


def draft(name: str, context: Context, generate: Callable[[Bindings], Generated], trusted: bool = True) -> Draft:
    """Run a generator, and once more where its later accesses changed how a buffer is typed that it had accessed."""
    bindings = Bindings(context.place_of, context.caps.max_binding_bytes)
    body, grid = generate(bindings)
    bindings.final = True
    if not bindings.settled:
        body, grid = generate(bindings)
    declarations = bindings.declarations()
    source = "\n".join(part for part in (declarations, helpers(body), body) if part) + "\n"
    kernel = Kernel(name, source, bindings.access(), bindings.needs(), trusted)
    return Draft(kernel, tuple(bindings.refs()), grid)


def fold(groups: int, caps: Caps) -> tuple[int, int, int]:
    """A grid of at least ``groups`` workgroups within the limit of each dimension."""
    if groups <= caps.max_groups:
        return max(groups, 1), 1, 1
    rows = -(-groups // caps.max_groups)
    return -(-groups // rows), rows, 1


def group_number(grid: tuple[int, int, int]) -> str:
    """The number of a workgroup in a folded grid."""
    return "group.x" if grid[1] == 1 else f"(group.x + group.y * {grid[0]}u)"


ENTRY = (
    "@compute @workgroup_size({threads})\n"
    "fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {{"
)
