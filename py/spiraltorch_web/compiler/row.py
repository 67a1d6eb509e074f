"""Row kernels: reductions over some axes, with everything before, between and after them fused in.

The kept axes form rows, the reduced axes steps. A workgroup holds several rows; the threads of one row share its
steps and combine their partial results in workgroup memory. Reductions that need no other's result run in one pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..ir.caps import Caps
from ..ir.node import Node
from ..ir.ops import OPS, Kind, Op
from .bindings import Bindings
from .cluster import Cluster
from .codegen import ENTRY, Context, Draft, Generated, draft, fold, group_number
from .emit import Emitter
from .expressions import literal
from .index import Index, flatten, number, unflatten, variable

# A thread that adds up more turns than this keeps a sum per so many turns: 32,768 terms one after the other are
# wrong by up to 5e-4 (measured), in pieces by 1e-6.
TURNS_PER_PIECE = 64


@dataclass(frozen=True)
class Layout:
    """How the threads of a workgroup divide rows and steps."""

    threads: int
    per_row: int  # threads that share a row
    inner: bool  # steps are contiguous in memory: neighbouring threads take neighbouring steps
    unroll: int  # steps that one thread takes at once

    @property
    def rows(self) -> int:
        return self.threads // self.per_row


def choose_layout(rows: int, steps: int, inner: bool, caps: Caps) -> Layout:
    """Enough threads to fill the device, few enough partial results to combine cheaply."""
    threads = min(256, caps.max_workgroup_size)
    unroll = 4 if steps % 4 == 0 and inner and steps >= 16 else 1
    if caps.software:
        # Barriers are expensive on CPU cores: a thread takes a whole row where there are rows enough.
        per_row = 1 if rows >= 16 else _power_of_two(steps // 64, 1, 64)
        return Layout(64, min(per_row, 64), inner, unroll)
    if inner:
        per_row = _power_of_two(steps // (2 * unroll), 1, threads)
    else:
        per_row = _power_of_two(min(steps // 4, 65536 // max(rows, 1)), 1, threads // 8)
    if rows * per_row < 64:
        threads = max(64, per_row)
    return Layout(threads, per_row, inner, unroll)


def _power_of_two(value: int, low: int, high: int) -> int:
    return max(low, min(high, 1 << max(value, 1).bit_length() - 1))


def row_kernel(cluster: Cluster, context: Context) -> Draft:
    """The kernel of a "row" cluster."""
    name = f"{cluster.anchors[0].op.value}_{'x'.join(map(str, cluster.shape))}_over_{'_'.join(map(str, cluster.axes))}"
    return draft(name, context, lambda bindings: _Writer(cluster, context, bindings).write())


class _Writer:
    def __init__(self, cluster: Cluster, context: Context, bindings: Bindings) -> None:
        self.cluster = cluster
        self.bindings = bindings
        self.emitter: Emitter = context.emitter(bindings, cluster)
        self.rows = math.prod(cluster.kept)
        self.steps = math.prod(cluster.reduced)
        inner = bool(cluster.axes) and cluster.axes[-1] == len(cluster.shape) - 1
        self.layout = choose_layout(self.rows, self.steps, inner, context.caps)
        self.grid = fold(-(-self.rows // self.layout.rows), context.caps)
        self.row = variable("row", self.rows)
        self.scratch: dict[str, str] = {}
        self.depth: dict[Node, int] = {}  # of a member: how many passes come before it

    def write(self) -> Generated:
        layout, emitter = self.layout, self.emitter
        self._head()
        for level, anchors in enumerate(self._levels()):
            self._reduce(anchors, level)
            self._share_row_values(level)
        self._store_rows()
        self._store_full()
        self._store_extras()
        emitter.lines.append("}")
        shared = [f"var<workgroup> {name}: array<{kind}, {layout.threads}>;" for name, kind in self.scratch.items()]
        return "\n".join(shared + emitter.lines), self.grid

    def _head(self) -> None:
        layout, emitter = self.layout, self.emitter
        emitter.lines.append(ENTRY.format(threads=layout.threads))
        if layout.inner:
            local, part = f"lane / {layout.per_row}u", f"lane % {layout.per_row}u"
        else:
            local, part = f"lane % {layout.rows}u", f"lane / {layout.rows}u"
        emitter.line(f"let local = {local};")
        emitter.line(f"let part = {part};")
        emitter.line(f"let wanted = {group_number(self.grid)} * {layout.rows}u + local;")
        # Threads beyond the last row compute it again, so that all reach the barriers.
        if self.rows > 1:
            emitter.line(f"let row = min(wanted, {self.rows - 1}u);")

    def _levels(self) -> list[list[Node]]:
        """The reductions in passes: each needs only results of earlier ones."""
        anchors, levels, level_of = set(self.cluster.anchors), [], {}
        depth = self.depth
        for node in self.cluster.members:  # operands come first
            todo, seen, level = list(node.srcs), set(), 0
            while todo:
                src = todo.pop()
                if src in seen:
                    continue
                seen.add(src)
                if src in depth:
                    level = max(level, depth[src])
                elif not self.emitter.stored(src):
                    todo.extend(src.srcs)
            depth[node] = level + 1 if node in anchors else level
            if node in anchors:
                level_of[node] = level
        for node, level in level_of.items():
            while len(levels) <= level:
                levels.append([])
            levels[level].append(node)
        return levels

    def _loop(self, body) -> None:
        """Run ``body(step)`` for the steps of this thread; in groups of neighbours if the layout unrolls."""
        layout, emitter, turns = self.layout, self.emitter, self._turns()
        blocks = self.steps // layout.unroll
        if turns == 1 and blocks == layout.per_row:
            # One turn: values stay in scope, but each pass may be written alone.
            with emitter.block("if (true)"):
                body(variable("part", blocks) * layout.unroll)
            return
        with emitter.block(f"for (var turn = 0u; turn < {turns}u; turn++)"):
            emitter.line(f"let block = turn * {layout.per_row}u + part;" if layout.per_row > 1 else "let block = turn;")
            step = variable("block", blocks) * layout.unroll
            if blocks % layout.per_row:
                with emitter.block(f"if (block < {blocks}u)"):
                    body(step)
            else:
                body(step)

    def _turns(self) -> int:
        """How often a thread goes around the loop over its steps."""
        return -(-self.steps // (self.layout.unroll * self.layout.per_row))

    def _in_pieces(self, node: Node) -> bool:
        return node.op is Op.SUM and node.dtype.kind == "f" and self._turns() > 4 * TURNS_PER_PIECE

    def _reduce(self, anchors: list[Node], level: int) -> None:
        emitter = self.emitter
        pieces = {i: f"piece{level}_{i}" for i, node in enumerate(anchors) if self._in_pieces(node)}
        for piece in pieces.values():
            emitter.line(f"var {piece} = 0.0;")
        for i, node in enumerate(anchors):
            emitter.line(f"var acc{level}_{i} = {_identity(node)};")
            if node.op in (Op.ARGMAX, Op.ARGMIN):
                emitter.line(f"var best{level}_{i} = 0xffffffffu;")

        def body(step: Index) -> None:
            for lane in range(self.layout.unroll):
                at = step + lane
                position = self.cluster.full_position(self.row, at)
                for i, node in enumerate(anchors):
                    value = emitter.value(node.srcs[0], position)
                    self._combine(node, pieces.get(i, f"acc{level}_{i}"), f"best{level}_{i}", value, str(at))
            if pieces:
                with emitter.block(f"if (turn % {TURNS_PER_PIECE}u == {TURNS_PER_PIECE - 1}u)"):
                    for i, piece in pieces.items():
                        emitter.line(f"acc{level}_{i} += {piece};")
                        emitter.line(f"{piece} = 0.0;")

        self._loop(body)
        for i, piece in pieces.items():
            emitter.line(f"acc{level}_{i} += {piece};")
        for i, node in enumerate(anchors):
            self._share(node, f"acc{level}_{i}", f"best{level}_{i}")
            result = f"acc{level}_{i}"
            if node.op in (Op.ARGMAX, Op.ARGMIN):
                result = f"i32(best{level}_{i})"
            emitter.known[node] = (unflatten(self.row, node.shape), emitter.let(("result", node), result, "r"))

    def _share_row_values(self, level: int) -> None:
        """Compute what each row derives from finished reductions once, before the next pass."""
        for node in self.cluster.members:
            if node in self.cluster.extras or self.depth[node] != level + 1 or node in self.emitter.known:
                continue
            if self._row_level(node):
                self.emitter.value(node, unflatten(self.row, node.shape))

    def _combine(self, node: Node, acc: str, best: str, value: str, at: str) -> None:
        if node.op in (Op.ARGMAX, Op.ARGMIN):
            with self.emitter.block(f"if ({_better(node, value, at, acc, best)})"):
                self.emitter.line(f"{acc} = {value};")
                self.emitter.line(f"{best} = {at};")
            return
        self.emitter.line(f"{acc} = {_combined(node, acc, value)};")

    def _share(self, node: Node, acc: str, best: str) -> None:
        """Combine the partial results of the threads of each row; every one of them gets the result."""
        layout, emitter = self.layout, self.emitter
        if layout.per_row == 1:
            return
        kind = node.srcs[0].dtype.value
        shared = f"sh_{kind}"
        self.scratch[shared] = kind
        ranked = node.op in (Op.ARGMAX, Op.ARGMIN)
        if ranked:
            self.scratch["sh_best"] = "u32"
        slot = "lane"
        neighbour = "lane + half" if layout.inner else f"lane + half * {layout.rows}u"
        first = f"local * {layout.per_row}u" if layout.inner else "local"
        emitter.line(f"{shared}[{slot}] = {acc};")
        if ranked:
            emitter.line(f"sh_best[{slot}] = {best};")
        emitter.line("workgroupBarrier();")
        with emitter.block(f"for (var half = {layout.per_row // 2}u; half > 0u; half /= 2u)"):
            with emitter.block("if (part < half)"):
                if ranked:
                    emitter.line(f"let other = {shared}[{neighbour}];")
                    emitter.line(f"let where_other = sh_best[{neighbour}];")
                    with emitter.block(f"if ({_better(node, 'other', 'where_other', acc, best)})"):
                        emitter.line(f"{acc} = other;")
                        emitter.line(f"{best} = where_other;")
                    emitter.line(f"sh_best[{slot}] = {best};")
                else:
                    emitter.line(f"{acc} = {_combined(node, acc, f'{shared}[{neighbour}]')};")
                emitter.line(f"{shared}[{slot}] = {acc};")
            emitter.line("workgroupBarrier();")
        emitter.line(f"{acc} = {shared}[{first}];")
        if ranked:
            emitter.line(f"{best} = sh_best[{first}];")
        emitter.line("workgroupBarrier();")

    def _store_rows(self) -> None:
        nodes = [node for node in self.cluster.outputs if node not in self.cluster.extras and self._row_level(node)]
        if not nodes:
            return
        conditions = [f"wanted < {self.rows}u"] if self.grid[0] * self.grid[1] * self.layout.rows != self.rows else []
        conditions += ["part == 0u"] if self.layout.per_row > 1 else []
        with self.emitter.block(f"if ({' && '.join(conditions) or 'true'})"):
            flats = [self.row if self.row.terms else number(0) for _ in nodes]
            values = [self.emitter.value(node, unflatten(self.row, node.shape)) for node in nodes]
            for node, flat, value in zip(nodes, flats, values, strict=True):
                self.emitter.line(self.bindings.store(node, flat, value))

    def _store_full(self) -> None:
        nodes = [node for node in self.cluster.outputs if node not in self.cluster.extras and not self._row_level(node)]
        if not nodes:
            return

        def body(step: Index) -> None:
            unroll = self.layout.unroll
            positions = [self.cluster.full_position(self.row, step + lane) for lane in range(unroll)]
            values = [[self.emitter.value(node, position) for position in positions] for node in nodes]
            for node, row in zip(nodes, values, strict=True):
                flat = flatten(positions[0], node.shape)
                if unroll == 4 and flatten(positions[3], node.shape) == flat + 3:
                    for statement in self.bindings.store4(node, flat, row):
                        self.emitter.line(statement)
                    continue
                for position, value in zip(positions, row, strict=True):
                    self.emitter.line(self.bindings.store(node, flatten(position, node.shape), value))

        if self.grid[0] * self.grid[1] * self.layout.rows != self.rows:
            with self.emitter.block(f"if (wanted < {self.rows}u)"):
                self._loop(body)
        else:
            self._loop(body)

    def _store_extras(self) -> None:
        """Results of other shapes: the first threads of the first workgroup compute an entry each."""
        for node in self.cluster.extras:
            with self.emitter.block(f"if (group.x == 0u && group.y == 0u && lane < {node.size}u)"):
                extra = variable("lane", node.size)
                value = self.emitter.value(node, unflatten(extra, node.shape))
                self.emitter.line(self.bindings.store(node, extra if extra.terms else number(0), value))

    def _row_level(self, node: Node) -> bool:
        if OPS[node.op].kind is Kind.REDUCE and node in self.cluster.anchors:
            return True
        return node.shape != self.cluster.shape


def _identity(node: Node) -> str:
    dtype = node.srcs[0].dtype
    if node.op is Op.SUM:
        return literal(0, dtype)
    if node.op is Op.PROD:
        return literal(1, dtype)
    largest = node.op in (Op.MIN, Op.ARGMIN)
    if dtype.kind == "f":
        return literal(math.inf if largest else -math.inf, dtype)
    if dtype.kind == "u":
        return literal(0xFFFFFFFF if largest else 0, dtype)
    return literal(0x7FFFFFFF if largest else -0x80000000, dtype)


def _combined(node: Node, a: str, b: str) -> str:
    if node.op is Op.SUM:
        return f"{a} + {b}"
    if node.op is Op.PROD:
        return f"{a} * {b}"
    function = "max" if node.op is Op.MAX else "min"
    prefix = "st_" if node.srcs[0].dtype.kind == "f" else ""
    return f"{prefix}{function}({a}, {b})"


def _better(node: Node, value: str, at: str, acc: str, best: str) -> str:
    """Whether (value, at) replaces the best so far: a lower index wins among equals."""
    if node.srcs[0].dtype.kind == "f":
        sign = "" if node.op is Op.ARGMAX else "-"
        return f"st_above({sign}{value}, {at}, {sign}{acc}, {best})"
    compare = ">" if node.op is Op.ARGMAX else "<"
    return f"{value} {compare} {acc} || ({value} == {acc} && {at} < {best})"
