"""From a graph to a program: simplify, fuse, order, write kernels."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import KernelError, OutOfMemoryError
from ..ir.caps import Caps
from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.ops import Op
from ..ir.program import BufferRef, Dispatch, Kernel, Program
from ..ir.simplify import simplify
from ..kernels.table import ROUTINES
from .bindings import Place
from .cluster import Cluster
from .codegen import Context, Draft
from .emit import NotAligned
from .fusion import Clustering
from .loop import loop_kernel, merged_loops
from .merge import side_by_side
from .product import matmul_kernel
from .row import row_kernel
from .schedule import Interval, Schedule, alias_free, schedule, share_memory

MAX_ATTEMPTS = 200


@dataclass(frozen=True)
class _Launch:
    kernel: Kernel
    refs: tuple[tuple[Place, int, int], ...]
    grid: tuple[int, int, int]
    text: str


@dataclass(frozen=True)
class _Scratch:
    """The place of a routine's temporary."""

    cluster: Cluster
    index: int


@dataclass(frozen=True)
class _Constant:
    """The place of a table; equal tables share one."""

    data: bytes


class _TooManyBindings(Exception):
    """Clusters whose kernels need too many buffers, each with how many."""

    def __init__(self, counts: dict[Cluster, int]) -> None:
        super().__init__(f"{max(counts.values())} bindings")
        self.counts = counts


def build_program(graph: Graph, caps: Caps) -> Program:
    """The program that computes a canonical graph on a device with the given limits."""
    graph = alias_free(simplify(graph, caps))
    apart: frozenset[Node] = frozenset()
    for _ in range(MAX_ATTEMPTS):
        clustering = Clustering(graph, apart)
        try:
            return _assemble(graph, clustering, schedule(clustering), caps)
        except NotAligned as problem:
            apart |= {problem.node}
        except _TooManyBindings as problem:
            apart |= {_split(clustering, cluster, apart, count, caps) for cluster, count in problem.counts.items()}
    raise KernelError(
        f"the graph could not be cut into kernels of at most {caps.max_storage_buffers} buffers:\n{graph}"
    )


def _assemble(graph: Graph, clustering: Clustering, plan: Schedule, caps: Caps) -> Program:
    places = dict(plan.places)
    context = Context(caps, lambda node: node in clustering.stored, lambda node: places[node])
    launches: list[_Launch] = []
    overfull: dict[Cluster, int] = {}
    clusters = [cluster for cluster in plan.clusters if any(node.size for node in cluster.outputs)]
    for batch in side_by_side(clustering, clusters, places, context):
        try:
            launches += _launches(batch[0], context) if len(batch) == 1 else [_merged(batch, context)]
        except _TooManyBindings as problem:
            overfull |= problem.counts
    if overfull:
        raise _TooManyBindings(overfull)
    for node, slot in plan.copies:
        if node.size:
            launches.append(_copy(node, slot, context))
    return _program(graph, launches)


def _launches(cluster: Cluster, context: Context) -> list[_Launch]:
    if cluster.kind == "routine":
        return _routine(cluster, context)
    write = {"loop": loop_kernel, "row": row_kernel, "matmul": matmul_kernel}[cluster.kind]
    return [_checked(write(cluster, context), cluster, context.caps)]


def _merged(clusters: list[Cluster], context: Context) -> _Launch:
    draft = merged_loops(clusters, context)
    return _Launch(draft.kernel, draft.refs, draft.grid, "; ".join(map(_describe, clusters)))


def _checked(draft: Draft, cluster: Cluster, caps: Caps) -> _Launch:
    extent = max((offset + size for _, offset, size in draft.refs), default=0)
    if extent > caps.max_buffer_bytes:
        raise OutOfMemoryError(
            f"a value of {extent:,} bytes is needed ({_describe(cluster)}); this device allows "
            f"{caps.max_buffer_bytes:,} bytes per buffer"
        )
    if len(draft.refs) > caps.max_storage_buffers:
        raise _TooManyBindings({cluster: len(draft.refs)})
    return _Launch(draft.kernel, draft.refs, draft.grid, _describe(cluster))


def _describe(cluster: Cluster) -> str:
    fused = [node.op.value for node in cluster.members if node not in cluster.anchors]
    tail = f" + {', '.join(fused)}" if fused else ""
    return f"{cluster.anchors[0].op.value} {list(cluster.shape)}{tail} -> {len(cluster.outputs)} stored"


def _copy(node: Node, slot: int, context: Context) -> _Launch:
    """Write a temporary to the slot it belongs in."""
    result = Node(Op.DETACH, (node,), (), node.shape, node.dtype)
    cluster = Cluster("loop", node.shape, (), [result], {result: None}, [result])
    inner = Context(context.caps, context.stored, lambda other: slot if other is result else context.place_of(other))
    return _checked(loop_kernel(cluster, inner), cluster, context.caps)


def _routine(cluster: Cluster, context: Context) -> list[_Launch]:
    """The launches of a named routine."""
    node = cluster.anchors[0]
    name, params, _ = node.attrs
    specs = [(src.shape, src.dtype) for src in node.srcs]
    routine = ROUTINES[name]
    outputs = routine.infer(specs, params)
    results = {anchor.attrs[2]: anchor for anchor in cluster.anchors}
    for part in (*node.srcs, *cluster.anchors):
        if part.nbytes > context.caps.max_binding_bytes:
            raise OutOfMemoryError(
                f"{name} needs {part.nbytes:,} bytes of {part.shape} at once; this device binds "
                f"{context.caps.max_binding_bytes:,} bytes"
            )
    lowered = routine.lower(specs, outputs, params, context.caps)

    def ref(role: str, index: int) -> tuple[Place, int, int]:
        if role == "input":
            return context.place_of(node.srcs[index]), 0, _bytes(node.srcs[index].nbytes)
        if role == "output" and index in results:
            return context.place_of(results[index]), 0, _bytes(results[index].nbytes)
        if role == "output":  # a result that nobody uses
            shape, dtype = outputs[index]
            unused = Node(Op.CONST, (), (0,), shape, dtype)
            return _Scratch(cluster, -1 - index), 0, _bytes(unused.nbytes)
        if role == "constant":
            return _Constant(lowered.constants[index]), 0, len(lowered.constants[index])
        return _Scratch(cluster, index), 0, _bytes(lowered.scratch[index])

    return [
        _Launch(
            launch.kernel,
            tuple(ref(operand.role, operand.index) for operand in launch.operands),
            launch.grid,
            f"{name}: {launch.kernel.name}",
        )
        for launch in lowered.launches
    ]


def _bytes(size: int) -> int:
    return max(4, size + 3 & ~3)


def _program(graph: Graph, launches: list[_Launch]) -> Program:
    external = graph.num_slots
    sizes = [0] * external
    for slot, leaf in enumerate(graph.leaves):
        sizes[slot] = _bytes(leaf.nbytes)
    for node, target in zip(graph.outputs, graph.targets, strict=True):
        sizes[target] = _bytes(node.nbytes)
    chosen, temporaries = share_memory(_intervals(launches))
    slots = {place: external + buffer for place, buffer in chosen.items()}
    constants = [place for launch in launches for place, _, _ in launch.refs if isinstance(place, _Constant)]
    for constant in dict.fromkeys(constants):
        slots[constant] = external + len(temporaries)
        temporaries.append(len(constant.data))
    kernels: dict[Kernel, int] = {}
    dispatches = []
    for launch in launches:
        refs = tuple(
            BufferRef(place if isinstance(place, int) else slots[place], size, offset)
            for place, offset, size in launch.refs
        )
        dispatches.append(Dispatch(kernels.setdefault(launch.kernel, len(kernels)), refs, launch.grid))
    report = tuple(f"{i}: {launch.text} {launch.grid}" for i, launch in enumerate(launches))
    held = tuple((slots[constant], constant.data) for constant in dict.fromkeys(constants))
    return Program(tuple(kernels), tuple(dispatches), (*sizes, *temporaries), external, report, held)


def _intervals(launches: list[_Launch]) -> list[Interval]:
    spans: dict[Place, tuple[int, int, int]] = {}
    for i, launch in enumerate(launches):
        for place, offset, size in launch.refs:
            if not isinstance(place, int | _Constant):
                end, first, _ = spans.get(place, (0, i, i))
                spans[place] = (max(end, offset + size), first, i)
    return [Interval(place, size, first, last) for place, (size, first, last) in spans.items()]


def _split(clustering: Clustering, cluster: Cluster, apart: frozenset[Node], count: int, caps: Caps) -> Node:
    """A node to store on its own, so that a kernel with too many buffers needs fewer."""
    # Reductions that only share a space, such as those for the biases of equal layers: half of them go elsewhere.
    alone = [anchor for anchor in cluster.anchors[1:] if anchor not in apart and _independent(cluster, anchor)]
    if cluster.kind == "row" and alone:
        return alone[len(alone) // 2]
    extra = [node for node in cluster.outputs if node not in cluster.anchors and node not in apart]
    if extra:
        return extra[-1]
    # One value with many operands: store the part that reads about half of them.
    leaves: dict[Node, frozenset[Node]] = {}

    def collect(node: Node) -> frozenset[Node]:
        if node not in leaves:
            if node.op is Op.BUFFER or (node in clustering.stored and node not in cluster.members):
                leaves[node] = frozenset({node})
            else:
                leaves[node] = frozenset().union(*(collect(src) for src in node.srcs))
        return leaves[node]

    for node in cluster.outputs:
        collect(node)
    inner = [node for node in leaves if 1 < len(leaves[node]) < caps.max_storage_buffers and node not in apart]
    inner = [node for node in inner if node not in cluster.anchors and node.op is not Op.BUFFER]
    if not inner:
        raise KernelError(f"a kernel needs {count} buffers; the device binds {caps.max_storage_buffers}")
    return max(inner, key=lambda node: len(leaves[node]))


def _independent(cluster: Cluster, anchor: Node) -> bool:
    """Whether a reduction needs none of the others in its cluster."""
    todo, seen = list(anchor.srcs), set()
    while todo:
        node = todo.pop()
        if node in cluster.anchors:
            return False
        if node in cluster.members and node not in seen:
            seen.add(node)
            todo.extend(node.srcs)
    return True
