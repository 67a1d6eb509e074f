"""Matmul kernels: a hand-written shader, with operands and epilogue written around it.

The shader calls ``load_a``, ``load_b`` and ``store`` (or their ``4`` forms for neighbours in memory). Here those
functions are generated: loads inline the views and the cheap arithmetic in front of the product, stores compute
everything that follows it.
"""

from __future__ import annotations

import math

from ..ir.node import Node
from ..kernels.matmul import MatmulProblem, plan_matmul
from .bindings import Bindings
from .cluster import Cluster
from .codegen import Context, Draft, Generated, draft
from .index import Index, flatten, unflatten, variable
from .views import Position


def matmul_kernel(cluster: Cluster, context: Context) -> Draft:
    """The kernel of a "matmul" cluster."""
    (node,) = cluster.anchors
    a, b = node.srcs
    name = f"matmul_{'x'.join(map(str, (*node.shape[:-2], node.shape[-2], a.shape[-1], node.shape[-1])))}"
    product = _Product(cluster, context, node)
    return draft(name, context, product.write)


# The hooks' parameters after ``batch``.
_AXES = {"a": ("m", "k"), "b": ("k", "n")}


class _Product:
    def __init__(self, cluster: Cluster, context: Context, node: Node) -> None:
        self.cluster, self.context, self.node = cluster, context, node
        self.a, self.b = node.srcs
        self.batch_shape = node.shape[:-2]
        self.batch = math.prod(self.batch_shape)
        (self.m, self.n), self.k = node.shape[-2:], self.a.shape[-1]
        a_along, a_vec4 = self._layout(self.a, _AXES["a"], preferred="k")
        b_along, b_vec4 = self._layout(self.b, _AXES["b"], preferred="n")
        self.problem = MatmulProblem(
            self.batch, self.m, self.n, self.k, a_along, b_along, a_vec4, b_vec4, store_vec4=self.n % 4 == 0
        )
        self.plan = plan_matmul(self.problem, context.caps)

    def write(self, bindings: Bindings) -> Generated:
        parts = [self.plan.source]
        for name, node, along in (("a", self.a, self.problem.a_along), ("b", self.b, self.problem.b_along)):
            parts.append(self._load(bindings, name, node, along, 4 if f"load_{name}4(" in self.plan.source else 1))
        parts.append(self._store(bindings, 4 if "store4(" in self.plan.source else 1))
        return "\n".join(parts), self.plan.grid

    def _position(self, names: tuple[str, str], sizes: dict[str, int], wide: str = "", lane: int = 0) -> Position:
        """A position in terms of the hook's parameters; along ``wide`` it is a neighbour of a multiple of four."""
        inner = [
            variable(f"{name}4", sizes[name] // 4) * 4 + lane if name == wide else variable(name, sizes[name])
            for name in names
        ]
        return (*unflatten(variable("batch", self.batch), self.batch_shape), *inner)

    @property
    def _sizes(self) -> dict[str, int]:
        return {"m": self.m, "n": self.n, "k": self.k}

    def _layout(self, node: Node, names: tuple[str, str], preferred: str) -> tuple[str, bool]:
        """The axis along which an operand is contiguous, and whether four neighbours load at once."""
        order = sorted(names, key=lambda name: name != preferred)
        for name in order:
            if self._sizes[name] % 4:
                continue
            bindings = Bindings(self.context.place_of, self.context.caps.max_binding_bytes)
            emitter = self.context.emitter(bindings, self.cluster)
            for lane in range(4):
                emitter.value(node, self._position(names, self._sizes, name, lane))
            if any(
                entry.vector_load and entry.dtype.itemsize == 4 and entry.parts == 1
                for entry in bindings.entries.values()
            ):
                return name, True
        bindings = Bindings(self.context.place_of, self.context.caps.max_binding_bytes)
        self.context.emitter(bindings, self.cluster).value(node, self._position(names, self._sizes))
        for name in order:
            target = variable(name, self._sizes[name])
            if target.terms and any(flat.coefficient(target.terms[0][0]) == 1 for flat in bindings.flats):
                return name, False
        return preferred, False

    def _load(self, bindings: Bindings, name: str, node: Node, along: str, width: int) -> str:
        emitter = self.context.emitter(bindings, self.cluster)
        names = _AXES[name]
        kind = "vec4<f32>" if width == 4 else "f32"
        suffix = "4" if width == 4 else ""
        emitter.lines.append(f"fn load_{name}{suffix}(batch: u32, {names[0]}: u32, {names[1]}: u32) -> {kind} {{")
        if width == 4:
            emitter.line(f"let {along}4 = {along} / 4u;")
            lanes = [emitter.value(node, self._position(names, self._sizes, along, lane)) for lane in range(4)]
            emitter.line(f"return vec4<f32>({', '.join(lanes)});")
        else:
            emitter.line(f"return {emitter.value(node, self._position(names, self._sizes))};")
        emitter.lines.append("}")
        return "\n".join(emitter.lines)

    def _store(self, bindings: Bindings, width: int) -> str:
        emitter = self.context.emitter(bindings, self.cluster)
        wide = "n" if width == 4 else ""
        head = ("4", "vec4<f32>") if width == 4 else ("", "f32")
        emitter.lines.append(f"fn store{head[0]}(batch: u32, m: u32, n: u32, value: {head[1]}) {{")
        if width == 4:
            emitter.line("let n4 = n / 4u;")
        lanes: list[list[str]] = [[] for _ in self.cluster.outputs]
        first: list[Index] = []
        for lane in range(width):
            position = self._position(("m", "n"), self._sizes, wide, lane)
            emitter.known[self.node] = (position, "value" if width == 1 else f"value.{'xyzw'[lane]}")
            for row, node in zip(lanes, self.cluster.outputs, strict=True):
                at = position
                if node.shape != self.node.shape:
                    at = unflatten(flatten(position, self.node.shape), node.shape)
                row.append(emitter.value(node, at))
            if lane == 0:
                first = [flatten(position, self.node.shape)] * len(lanes)
        for node, flat, row in zip(self.cluster.outputs, first, lanes, strict=True):
            statements = bindings.store4(node, flat, row) if width == 4 else [bindings.store(node, flat, row[0])]
            for statement in statements:
                emitter.line(statement)
        emitter.lines.append("}")
        return "\n".join(emitter.lines)
