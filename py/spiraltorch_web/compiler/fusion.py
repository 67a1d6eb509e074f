"""Fusion: which nodes are stored, and which kernel computes each.

Every cluster becomes one kernel (a routine becomes its own launches). Values are computed where they are needed, by
inlining, unless they are *stored*. The walk goes from operands to users:

* a matmul, a reduction or a routine is an *anchor*: it starts a cluster (a reduction may join one that reduces the
  same space);
* an elementwise node whose operand is computed by a cluster, at the same position of the same space, joins it: it is
  *at home* there and becomes part of the epilogue;
* everything else is *free*: views and arithmetic on stored values, which any kernel can inline.

A node at home in one cluster that another one reads is stored. A cluster never waits for one that waits for it.
"""

from __future__ import annotations

from ..ir.graph import Graph
from ..ir.node import Node, toposort
from ..ir.ops import OPS, Kind, Op
from .cluster import Cluster
from .expressions import COSTS
from .views import PURE_VIEWS, operand_position

# Inlining limits, in the units of COSTS.
SHARED_COST = 12  # a value that several kernels need is stored when it costs at least this
REPEATED_COST = 6  # the same for a value that one kernel evaluates again and again
RECOMPUTE_COST = 6  # a value this cheap is derived again from a stored one instead of being stored too
SCALAR_COST = 120  # scalars are cheap to repeat: a launch costs more
TREE_COST = 4096  # no expression grows beyond this
MEMBERS = 200
EXTRA = 32  # entries of a result that some row kernel may compute on the side, which saves a launch
DEPTH = 100


class Clustering:
    """The fusion of one graph."""

    def __init__(self, graph: Graph, apart: frozenset[Node] = frozenset()) -> None:
        """Fuse ``graph``; a node in ``apart`` is stored by a kernel of its own, a reduction begins another cluster."""
        self.graph = graph
        self.apart = apart
        self.clusters: list[Cluster] = []
        self.home: dict[Node, Cluster] = {}
        self.stored: dict[Node, None] = {}
        self.reads: dict[Node, frozenset[Cluster]] = {}  # of a free node: whose stored values it uses
        self.cost: dict[Node, int] = {}
        self.depth: dict[Node, int] = {}
        self.calls: dict[object, Cluster] = {}
        self.order = toposort(graph.outputs)
        for node in self.order:
            self._visit(node)
        for node in graph.outputs:
            self._finish(node)
        self._recompute_cheap()
        self._store_shared()
        self._assign_outputs()

    # --- the walk -----------------------------------------------------------------------------------------------

    def _visit(self, node: Node) -> None:
        kind = OPS[node.op].kind
        if kind is Kind.LEAF:
            self.reads[node] = frozenset()
        elif node.op is Op.MATMUL:
            self._visit_matmul(node)
        elif node.op is Op.ROUTINE:
            self._visit_routine(node)
        elif kind is Kind.REDUCE:
            self._visit_reduce(node)
        elif node in self.apart:
            self._make_free(node)
            self._make_loop(node)
        elif not self._join(node):
            self._make_free(node)
        # Last, because operands may have become stored.
        self.cost[node] = self._own_cost(node)
        self.depth[node] = 1 + max((self.depth[src] for src in node.srcs if not self._is_stored(src)), default=0)

    def _own_cost(self, node: Node) -> int:
        base = COSTS.get(node.op, 1)
        if node.op in (Op.BUFFER, Op.GATHER):
            base = 2
        inner = sum(2 if self._is_stored(src) else self.cost[src] for src in node.srcs)
        return min(base + inner, 1 << 20)

    def _is_stored(self, node: Node) -> bool:
        return node in self.stored or node.op is Op.BUFFER

    def _sources(self, nodes: tuple[Node, ...] | list[Node]) -> frozenset[Cluster]:
        """The clusters whose results are needed to read these nodes from elsewhere."""
        result: set[Cluster] = set()
        for node in nodes:
            if node in self.home:
                result.add(self.home[node])
            else:
                result |= self.reads[node]
        return frozenset(result)

    def _store(self, node: Node) -> None:
        if node.op is not Op.BUFFER:
            self.stored[node] = None

    def _expose(self, node: Node) -> None:
        """Make a node readable from other kernels."""
        if node in self.home:
            self._store(node)

    def _new(
        self, kind: str, shape: tuple[int, ...], axes: tuple[int, ...], anchor: Node, srcs: tuple[Node, ...]
    ) -> Cluster:
        cluster = Cluster(kind, shape, axes)
        self.clusters.append(cluster)
        self._adopt(cluster, anchor, srcs)
        cluster.anchors.append(anchor)
        return cluster

    def _adopt(self, cluster: Cluster, node: Node, outside: tuple[Node, ...] | list[Node]) -> None:
        """Put a node into a cluster; the operands in ``outside`` are read from memory or inlined."""
        for src in outside:
            self._expose(src)
        cluster.waits_for |= self._sources(outside) - {cluster}
        cluster.members[node] = None
        self.home[node] = cluster

    def _make_loop(self, node: Node) -> None:
        """Store a free node by a kernel of its own."""
        if self._is_stored(node) or node in self.home:
            self._store(node)
            return
        self._new("loop", node.shape, (), node, (node,))
        self._store(node)

    def _visit_matmul(self, node: Node) -> None:
        for src in node.srcs:
            # An operand is evaluated once per block of the result: anything that is not cheap is stored.
            if src not in self.home and not self._is_stored(src) and self.cost[src] > REPEATED_COST:
                self._make_loop(src)
        self._new("matmul", node.shape, (), node, node.srcs)

    def _visit_routine(self, node: Node) -> None:
        name, params, _ = node.attrs
        key = (name, params, node.srcs)
        if key in self.calls:
            cluster = self.calls[key]
            cluster.anchors.append(node)
            cluster.members[node] = None
            self.home[node] = cluster
        else:
            for src in node.srcs:
                self._make_loop(src)
            self.calls[key] = self._new("routine", node.shape, (), node, node.srcs)
        self._store(node)

    def _visit_reduce(self, node: Node) -> None:
        (src,), (axes,) = node.srcs, node.attrs
        for cluster in () if node in self.apart else reversed(self.clusters):
            if cluster.kind != "row" or (cluster.shape, cluster.axes) != (src.shape, axes):
                continue
            if len(cluster.members) > MEMBERS:
                continue
            outside = () if self.home.get(src) is cluster else (src,)
            sources = self._sources(outside)
            if cluster in sources or any(other.depends_on({cluster}) for other in sources):
                continue
            self._adopt(cluster, node, outside)
            cluster.anchors.append(node)
            return
        if src not in self.home and self.cost[src] > TREE_COST:
            self._make_loop(src)
        self._new("row", src.shape, axes, node, node.srcs)

    def _join(self, node: Node) -> bool:
        """Put a node into the epilogue of the cluster that computes one of its operands, the latest if possible."""
        homes = {self.home[src]: None for src in node.srcs if src in self.home}
        for cluster in sorted(homes, key=self.clusters.index, reverse=True):
            if cluster.kind in ("routine", "loop") or len(cluster.members) > MEMBERS:
                continue
            inside = [src for src in node.srcs if self.home.get(src) is cluster]
            outside = [src for src in node.srcs if self.home.get(src) is not cluster]
            if not self._aligned(node, inside, cluster):
                continue
            sources = self._sources(outside)
            if cluster in sources or any(other.depends_on({cluster}) for other in sources):
                continue
            if any(src not in self.home and self.cost[src] > TREE_COST for src in outside):
                continue
            self._adopt(cluster, node, outside)
            return True
        return False

    def _aligned(self, node: Node, inside: list[Node], cluster: Cluster) -> bool:
        position = cluster.position(node.shape)
        if position is None:
            return False
        if OPS[node.op].kind is Kind.ELEMENTWISE:
            return True
        if node.op not in PURE_VIEWS:
            return False
        (src,) = inside
        return cluster.position(src.shape) == operand_position(node, position)

    def _make_free(self, node: Node) -> None:
        for src in node.srcs:
            self._expose(src)
            repeats = node.size // max(src.size, 1)
            limit = SCALAR_COST if src.size == 1 else REPEATED_COST
            costly = node.op in (Op.EXPAND, Op.SLIDE, Op.GATHER) and repeats >= 4 and self.cost[src] > limit
            if costly or self.cost[src] > TREE_COST or self.depth[src] > DEPTH:
                self._make_loop(src)
        self.reads[node] = self._sources(node.srcs)

    def _finish(self, node: Node) -> None:
        """Store a result of the graph (never a leaf): in a kernel that runs over its space, else in a new one."""
        if node in self.home:
            self._store(node)
        else:
            self._merge_free(node)

    def _merge_free(self, node: Node) -> None:
        sources = self._sources((node,))
        # Kernels that computed the value inline read the stored one from now on, and so wait for its home.
        users = {cluster for cluster in self.clusters if node in self.inlined(cluster)}
        for cluster in self.clusters:
            fits = (
                cluster.shape == node.shape if cluster.kind == "loop" else cluster.kind == "row" and node.size <= EXTRA
            )
            if not fits or len(cluster.members) > MEMBERS:
                continue
            if cluster in sources or any(other.depends_on({cluster}) for other in sources):
                continue
            others = users - {cluster}
            if cluster.depends_on(others):
                continue
            if cluster.kind == "row" and (others or not self._may_end_with(cluster, node)):
                continue
            self._adopt(cluster, node, (node,))
            self._store(node)
            if cluster.kind == "row":
                cluster.extras[node] = None
            break
        else:
            self._make_loop(node)
        for user in users - {self.home[node]}:
            user.waits_for.add(self.home[node])

    def _may_end_with(self, cluster: Cluster, node: Node) -> bool:
        """Whether a row kernel can take a result along that may be an update in place, and so has to come last."""
        if any(cluster in other.waits_for for other in self.clusters):
            return False
        slots = {
            target for output, target in zip(self.graph.outputs, self.graph.targets, strict=True) if output is node
        }
        seen: set[Node] = set()
        todo = [src for member in cluster.members for src in member.srcs]
        while todo:
            src = todo.pop()
            if src.op is Op.BUFFER and src.attrs[0] in slots:
                return False
            if src not in seen and (src in cluster.members or src not in self.stored):
                seen.add(src)
                todo.extend(src.srcs)
        return True

    # --- after the walk -----------------------------------------------------------------------------------------

    def _recompute_cheap(self) -> None:
        """Values that follow from one other stored value by almost nothing need no memory of their own."""
        wanted = {*self.graph.outputs, *(src for cluster in self.calls.values() for src in cluster.anchors[0].srcs)}
        for node in list(self.stored):
            if node in wanted or node in self.home[node].anchors:
                continue
            bases: set[Node] = set()
            if self._derivation(node, bases, RECOMPUTE_COST) >= 0 and len(bases) == 1:
                del self.stored[node]

    def _derivation(self, node: Node, bases: set[Node], budget: int) -> int:
        """What is left of the budget after computing a member of a cluster from stored values; they join ``bases``."""
        budget -= COSTS.get(node.op, 1)
        if budget < 0 or (OPS[node.op].kind is not Kind.ELEMENTWISE and node.op not in PURE_VIEWS):
            return -1
        for src in dict.fromkeys(node.srcs):
            if src in self.stored:
                bases.add(src)
            elif src in self.home:
                budget = self._derivation(src, bases, budget)
            else:
                budget -= self.cost[src]
            if budget < 0:
                return -1
        return budget

    def _store_shared(self) -> None:
        """Store the free values that several kernels would compute again, if they are expensive."""
        users: dict[Node, set[Cluster]] = {}

        def note(cluster: Cluster) -> None:
            for node in self.inlined(cluster):
                users.setdefault(node, set()).add(cluster)

        for cluster in self.clusters:
            note(cluster)
        # Users first: storing a value changes who computes its operands, and nothing that comes after it.
        for node in reversed(self.order):
            limit = SCALAR_COST if node.size == 1 else SHARED_COST
            sharing = users.get(node, set())
            if len(sharing) < 2 or self.cost[node] < limit:
                continue
            for cluster in sharing:
                for other in self.inlined(cluster):
                    if other is not node:
                        users[other].discard(cluster)
            self._make_loop(node)
            for cluster in (*sharing, self.home[node]):
                note(cluster)

    def inlined(self, cluster: Cluster) -> list[Node]:
        """The free nodes that a cluster computes inline."""
        roots = [
            src
            for node in cluster.members
            for src in (node.srcs if node in cluster.anchors and cluster.kind != "loop" else (node,))
        ]
        seen: dict[Node, None] = {}
        todo = list(roots)
        while todo:
            node = todo.pop()
            if node in seen or node.op is Op.BUFFER or (node in self.stored and node not in cluster.members):
                continue
            seen[node] = None
            todo.extend(node.srcs)
        return [node for node in seen if node not in self.home]

    def _assign_outputs(self) -> None:
        for node in self.stored:
            self.home[node].outputs.append(node)
        for cluster in self.clusters:
            cluster.waits_for = {self.home[node] for node in self.inputs(cluster) if node in self.home} - {cluster}

    def inputs(self, cluster: Cluster) -> list[Node]:
        """The stored nodes that a cluster reads from memory."""
        if cluster.kind == "routine":
            return list(dict.fromkeys(cluster.anchors[0].srcs))
        seen: dict[Node, None] = {}
        found: dict[Node, None] = {}
        todo = list(cluster.outputs)
        while todo:
            node = todo.pop()
            if node in seen:
                continue
            seen[node] = None
            if node.op is Op.BUFFER or (node in self.stored and node not in cluster.members):
                found[node] = None
            else:
                todo.extend(node.srcs)
        return list(found)
