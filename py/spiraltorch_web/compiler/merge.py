"""Loops that can share a launch: an optimiser's updates of all its parameters become one kernel, or few."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..ir.node import Node
from .bindings import Place
from .cluster import Cluster
from .codegen import Context
from .fusion import Clustering
from .loop import crosses_memory

MOST_TOGETHER = 8  # clusters in one kernel: its text, and the time to compile it, grow with them


def side_by_side(
    clustering: Clustering, clusters: Sequence[Cluster], places: Mapping[Node, Place], context: Context
) -> list[list[Cluster]]:
    """The clusters in order, neighbours put together that are loops, independent, and fit the limit of buffers."""
    batches: list[list[Cluster]] = []
    bound: set[Place] = set()
    open_ended = False  # whether the last batch may grow
    for cluster in clusters:
        mergeable = _mergeable(clustering, cluster, context)
        wanted = {places[node] for node in _bound(clustering, cluster)} if mergeable else set()
        fits = (
            open_ended
            and mergeable
            and len(batches[-1]) < MOST_TOGETHER
            and not cluster.waits_for & set(batches[-1])
            and len(bound | wanted) <= context.caps.max_storage_buffers
        )
        if fits:
            batches[-1].append(cluster)
            bound |= wanted
        else:
            batches.append([cluster])
            bound, open_ended = wanted, mergeable
    return batches


def _bound(clustering: Clustering, cluster: Cluster) -> list[Node]:
    return [*clustering.inputs(cluster), *cluster.outputs]


def _mergeable(clustering: Clustering, cluster: Cluster, context: Context) -> bool:
    """Whether a cluster is a loop whose every buffer takes one binding."""
    if cluster.kind != "loop" or crosses_memory(cluster, context):
        return False
    return all(node.nbytes <= context.caps.max_binding_bytes for node in _bound(clustering, cluster))
