"""In which order clusters run, what each stored node writes to, and how temporaries share memory."""

from __future__ import annotations

from dataclasses import dataclass

from ..ir.graph import Graph
from ..ir.node import Node
from ..ir.ops import OPS, Kind, Op
from .bindings import Place
from .cluster import Cluster
from .fusion import Clustering
from .views import PURE_VIEWS, Position, operand_position


@dataclass(frozen=True)
class Schedule:
    """Clusters in order, and where each stored node lives: a slot number, or the node itself for a temporary.

    ``copies`` are (node, slot) pairs to be written after everything else has run.
    """

    clusters: tuple[Cluster, ...]
    places: dict[Node, Place]
    copies: tuple[tuple[Node, int], ...]


def schedule(clustering: Clustering) -> Schedule:
    """Order the clusters so that updates in place come after every reader of the old value.

    An update that cannot wait for its readers, or that reads the old value at other entries than the one it writes,
    goes to a temporary and is copied at the end.
    """
    graph = clustering.graph
    places: dict[Node, Place] = {leaf: slot for slot, leaf in enumerate(graph.leaves)}
    copies: list[tuple[Node, int]] = []
    reads = {cluster: set(clustering.inputs(cluster)) for cluster in clustering.clusters}
    for node, target in zip(graph.outputs, graph.targets, strict=True):
        if target >= len(graph.leaves) or _can_overwrite(clustering, reads, node, graph.leaves[target]):
            places[node] = target
        else:
            copies.append((node, target))
    for node in clustering.stored:
        places.setdefault(node, node)
    return Schedule(tuple(_ordered(clustering.clusters)), places, tuple(copies))


def _can_overwrite(clustering: Clustering, reads: dict[Cluster, set[Node]], node: Node, leaf: Node) -> bool:
    """Make the node's cluster wait for all other readers of the leaf, if that leaves an order."""
    cluster = clustering.home[node]
    if cluster.kind == "routine" or not reads_in_place(clustering, cluster, node, leaf):
        return False
    readers = {other for other in clustering.clusters if other is not cluster and leaf in reads[other]}
    if any(other.depends_on({cluster}) for other in readers):
        return False
    cluster.waits_for |= readers
    return True


def reads_in_place(clustering: Clustering, cluster: Cluster, target: Node, leaf: Node) -> bool:
    """Whether every read of the leaf in a cluster is of the very entry that is then written."""
    write = cluster.place(target)
    seen: set[tuple[Node, Position]] = set()

    def check(node: Node, position: Position | None) -> bool:
        # A position of None stands for "anywhere".
        if node is leaf:
            return position is not None and leaf.shape == target.shape and position == write
        if node.op is Op.BUFFER or (node in clustering.stored and node not in cluster.members):
            return True
        if (node, position) in seen:
            return True
        seen.add((node, position))
        if node in cluster.anchors and cluster.kind != "loop":
            return all(check(src, None) for src in node.srcs)
        if position is not None and OPS[node.op].kind is Kind.ELEMENTWISE:
            return all(check(src, position) for src in node.srcs)
        if position is not None and node.op in PURE_VIEWS:
            return check(node.srcs[0], operand_position(node, position))
        return all(check(src, None) for src in node.srcs)

    return all(check(node, cluster.place(node)) for node in cluster.outputs)


def _ordered(clusters: list[Cluster]) -> list[Cluster]:
    """Waiting clusters after those they wait for; otherwise as they were made."""
    order: list[Cluster] = []
    done: set[Cluster] = set()

    def place(cluster: Cluster) -> None:
        stack = [cluster]
        while stack:
            top = stack[-1]
            waiting = [other for other in top.waits_for if other not in done]
            if top in done:
                stack.pop()
            elif waiting:
                stack.extend(sorted(waiting, key=clusters.index, reverse=True))
            else:
                stack.pop()
                done.add(top)
                order.append(top)

    for cluster in clusters:
        place(cluster)
    return order


@dataclass(frozen=True)
class Interval:
    """A temporary: its bytes, and the first and last launch that touch it."""

    place: Place
    size: int
    first: int
    last: int


def share_memory(intervals: list[Interval]) -> tuple[dict[Place, int], list[int]]:
    """Give temporaries that are never alive together one buffer: (buffer of each place, bytes of each buffer)."""
    sizes: list[int] = []
    busy_until: list[int] = []
    chosen: dict[Place, int] = {}
    for interval in sorted(intervals, key=lambda item: (item.first, -item.size)):
        free = [i for i, last in enumerate(busy_until) if last < interval.first]
        # The closest size wastes least; a buffer may grow, but not beyond twice what either needs.
        fits = [i for i in free if sizes[i] >= interval.size] or [i for i in free if 2 * sizes[i] >= interval.size]
        if fits:
            best = min(fits, key=lambda i: abs(sizes[i] - interval.size))
            sizes[best] = max(sizes[best], interval.size)
            busy_until[best] = interval.last
        else:
            best = len(sizes)
            sizes.append(interval.size)
            busy_until.append(interval.last)
        chosen[interval.place] = best
    return chosen, sizes


def alias_free(graph: Graph) -> Graph:
    """Copies for outputs that are leaves or that appear twice, so that each output has one kernel that writes it."""
    seen: set[Node] = set()
    outputs: list[Node] = []
    targets: list[int] = []
    for node, target in zip(graph.outputs, graph.targets, strict=True):
        if node.op is Op.BUFFER and node.attrs[0] == target:
            continue
        if node.op is Op.BUFFER or node in seen:
            node = Node(Op.DETACH, (node,), (), node.shape, node.dtype)
        seen.add(node)
        outputs.append(node)
        targets.append(target)
    return Graph(graph.leaves, tuple(outputs), tuple(targets))
