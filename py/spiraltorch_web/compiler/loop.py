"""Loop kernels: every invocation computes one entry, or four neighbours, of each output."""

from __future__ import annotations

import math

from .bindings import Bindings
from .cluster import Cluster
from .codegen import ENTRY, Context, Draft, Generated, draft, fold, group_number
from .index import Index, number, unflatten, variable


def loop_kernel(cluster: Cluster, context: Context) -> Draft:
    """The kernel of a "loop" cluster."""
    size = math.prod(cluster.shape)
    name = "loop_" + "x".join(map(str, cluster.shape or (1,)))
    if size % 4 == 0 and size >= 1024:
        wide = draft(name, context, lambda bindings: _generate(cluster, context, bindings, 4))
        if "vec4<" in wide.kernel.source:
            return wide
    return draft(name, context, lambda bindings: _generate(cluster, context, bindings, 1))


def _generate(cluster: Cluster, context: Context, bindings: Bindings, width: int) -> Generated:
    count = math.prod(cluster.shape) // width
    threads = min(256, context.caps.max_workgroup_size) if count > 64 else 64
    grid = fold(-(-count // threads), context.caps)
    emitter = context.emitter(bindings, cluster)
    emitter.lines.append(ENTRY.format(threads=threads))
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


def store_flat(emitter, bindings: Bindings, cluster: Cluster, base: Index, values: list[list[str]], width: int) -> None:
    """Store values at neighbouring entries; all values were computed before, so that updates in place are safe."""
    for node, row in zip(cluster.outputs, values, strict=True):
        if width == 4:
            for statement in bindings.store4(node, base, row):
                emitter.line(statement)
        else:
            emitter.line(bindings.store(node, base if base.terms else number(0), row[0]))
