"""Loop kernels: every invocation computes one entry, or four neighbours, of each output."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..ir.node import Node
from ..ir.ops import Op
from .bindings import Bindings
from .cluster import Cluster
from .codegen import ENTRY, Context, Draft, Generated, draft, fold, group_number
from .index import Index, number, unflatten, variable

TILE = 16  # side of the square that a workgroup takes where reads and writes run in different directions
TILED_SIZE = 1 << 16


def loop_kernel(cluster: Cluster, context: Context) -> Draft:
    """The kernel of a "loop" cluster."""
    size = math.prod(cluster.shape)
    name = "loop_" + "x".join(map(str, cluster.shape or (1,)))
    if crosses_memory(cluster, context):
        return draft(name, context, lambda bindings: _generate(cluster, context, bindings, 1, tiled=True))
    if _width(cluster, context) == 4 and size >= 1024:
        wide = draft(name, context, lambda bindings: _generate(cluster, context, bindings, 4))
        if "vec4<" in wide.kernel.source:
            return wide
    return draft(name, context, lambda bindings: _generate(cluster, context, bindings, 1))


def merged_loops(clusters: Sequence[Cluster], context: Context) -> Draft:
    """One kernel for several independent "loop" clusters: each takes the workgroups after those of the one before."""
    return draft(f"loops_{len(clusters)}", context, lambda bindings: _generate_merged(clusters, context, bindings))


def _width(cluster: Cluster, context: Context) -> int:
    """How many neighbours an invocation computes at most."""
    if math.prod(cluster.shape) % 4:
        return 1
    # A software adapter compiles random numbers for longer than it draws them: it gets their text once.
    return 1 if context.caps.software and _draws(cluster, context) else 4


def _draws(cluster: Cluster, context: Context) -> bool:
    """Whether the kernel draws random numbers."""
    seen: set[Node] = set()
    todo = list(cluster.outputs)
    while todo:
        node = todo.pop()
        if node.op is Op.THREEFRY:
            return True
        inside = node.op is not Op.BUFFER and (node in cluster.members or not context.stored(node))
        todo += [src for src in node.srcs if src not in seen] if inside else []
        seen.update(node.srcs)
    return False


def crosses_memory(cluster: Cluster, context: Context) -> bool:
    """Whether neighbours in the result lie far apart in an operand, as in a transposition."""
    size = math.prod(cluster.shape)
    last = cluster.shape[-1] if cluster.shape else 1
    if context.caps.software or size < TILED_SIZE or last % TILE or (size // last) % TILE:
        return False
    bindings = Bindings(context.place_of, context.caps.max_binding_bytes)
    emitter = context.emitter(bindings, cluster)
    for node in cluster.outputs:
        emitter.value(node, unflatten(variable("at", size), cluster.shape))
    return any(abs(flat.at({"at": 1}) - flat.at({"at": 0})) > 1 for flat in bindings.flats)


def _generate(cluster: Cluster, context: Context, bindings: Bindings, width: int, tiled: bool = False) -> Generated:
    count = math.prod(cluster.shape) // width
    threads = min(256, context.caps.max_workgroup_size) if count > 64 else 64
    grid = fold(-(-count // threads), context.caps)
    emitter = context.emitter(bindings, cluster)
    emitter.lines.append(ENTRY.format(threads=threads))
    if tiled:
        # A workgroup takes a square, so that what one thread leaves of a cache line serves its neighbours.
        last = cluster.shape[-1]
        emitter.line(f"let tile = {group_number(grid)};")
        emitter.line(f"let line = tile / {last // TILE}u * {TILE}u + lane / {TILE}u;")
        emitter.line(f"let at = line * {last}u + tile % {last // TILE}u * {TILE}u + lane % {TILE}u;")
    else:
        emitter.line(f"let at = {group_number(grid)} * {threads}u + lane;")
    if count % threads or grid[0] * grid[1] * threads != count:
        emitter.line(f"if (at >= {count}u) {{ return; }}")
    base = variable("at", count) * width
    values = [
        [emitter.value(node, unflatten(base + step, cluster.shape)) for step in range(width)]
        for node in cluster.outputs
    ]
    store_flat(emitter, bindings, cluster, base, values, width)
    emitter.lines.append("}")
    return "\n".join(emitter.lines), grid


def _generate_merged(clusters: Sequence[Cluster], context: Context, bindings: Bindings) -> Generated:
    threads = min(256, context.caps.max_workgroup_size)
    widths = [_width(cluster, context) for cluster in clusters]
    counts = [math.prod(cluster.shape) // width for cluster, width in zip(clusters, widths, strict=True)]
    groups = [-(-count // threads) for count in counts]
    grid = fold(sum(groups), context.caps)
    lines = [ENTRY.format(threads=threads), f"  let block = {group_number(grid)};"]
    first = 0
    for cluster, width, count, taken in zip(clusters, widths, counts, groups, strict=True):
        emitter = context.emitter(bindings, cluster)
        with emitter.block(f"if (block >= {first}u && block < {first + taken}u)"):
            emitter.line(f"let at = (block - {first}u) * {threads}u + lane;")
            with emitter.block(f"if (at < {count}u)"):
                base = variable("at", count) * width
                values = [
                    [emitter.value(node, unflatten(base + step, cluster.shape)) for step in range(width)]
                    for node in cluster.outputs
                ]
                store_flat(emitter, bindings, cluster, base, values, width)
        lines += emitter.lines
        first += taken
    return "\n".join([*lines, "}"]), grid


def store_flat(emitter, bindings: Bindings, cluster: Cluster, base: Index, values: list[list[str]], width: int) -> None:
    """Store values at neighbouring entries; all values were computed before, so that updates in place are safe."""
    for node, row in zip(cluster.outputs, values, strict=True):
        if width == 4:
            for statement in bindings.store4(node, base, row):
                emitter.line(statement)
        else:
            emitter.line(bindings.store(node, base if base.terms else number(0), row[0]))
