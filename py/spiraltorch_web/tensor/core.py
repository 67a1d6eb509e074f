"""The `Tensor`: a lazy value on a device. Its operations are attached by `spiraltorch_web.tensor.methods`."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

from ..dtypes import DType
from ..errors import AutogradError, ShapeError
from ..ir import algebra as al
from ..ir.node import Node, cast
from ..ir.ops import Op
from ..runtime.session import session
from ..runtime.trace import rebind, use


class Size(tuple):
    """A shape: a tuple that can also be called, so that ``t.shape`` and ``t.shape()`` both work."""

    __slots__ = ()

    def __call__(self) -> Size:
        return self

    def numel(self) -> int:
        """The number of entries."""
        result = 1
        for size in self:
            result *= size
        return result


class Tensor:
    """An n-dimensional array that is computed when its values are needed.

    ``Tensor(rows, cols)`` holds zeros, ``Tensor(rows, cols, data)`` the given values, row after row, and
    ``Tensor(data)`` a nested sequence as float32. `spiraltorch_web.tensor.creation.tensor` takes any dtype.

    Operations never share memory between tensors: what is a view in PyTorch is a value here, so an in-place change of
    ``x`` does not show in ``y = x[0]``. The other way round, ``x[0] = value`` changes ``x``.
    """

    __slots__ = ("_node", "_epoch", "_requires_grad", "_is_leaf", "grad", "__weakref__")

    __array_priority__ = 1000  # NumPy's operators give way to ours

    def __init__(self, *arguments: Any, dtype: Any = None, requires_grad: bool = False) -> None:
        from .creation import seed_node  # creation builds tensors, so it imports this module

        self._setup(seed_node(arguments, dtype), False, True)
        if requires_grad:
            self.requires_grad_()

    def _setup(self, node: Node, requires_grad: bool, is_leaf: bool) -> None:
        self._node = node
        self._epoch = session().epoch
        self._requires_grad = requires_grad
        self._is_leaf = is_leaf
        self.grad: Tensor | None = None

    # --- facts --------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return Size(self._node.shape)

    @property
    def dtype(self) -> DType:
        return self._node.dtype

    @property
    def ndim(self) -> int:
        return len(self._node.shape)

    @property
    def device(self) -> str:
        """The name of the device that holds the values or will compute them."""
        storage = self._node.buffer
        owner = getattr(storage, "device", None) or session().device
        return owner.info.name

    @property
    def is_leaf(self) -> bool:
        """True for tensors that no recorded operation made."""
        return self._is_leaf

    @property
    def requires_grad(self) -> bool:
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    # --- autograd -----------------------------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask `backward` to leave this leaf's gradient in ``grad``, or no longer to."""
        if requires_grad and self.dtype.kind != "f":
            raise AutogradError(f"only float tensors have gradients, this one is {self.dtype.name}")
        if not self._is_leaf:
            if requires_grad:
                return self
            raise AutogradError("requires_grad can only be switched off for a leaf; use detach()")
        if requires_grad and not self._requires_grad:
            # A node of its own: others with these values must not count as this leaf.
            node = al.detach(use(self))
            session().leaf_of[node] = weakref.ref(self)
            rebind(self, node)
        elif not requires_grad:
            session().leaf_of.pop(self._node, None)
        self._requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """The same values without history."""
        return wrap(al.detach(use(self))) if self._requires_grad else wrap(use(self))

    def detach_(self) -> Tensor:
        """Forget the history of this tensor in place."""
        if not self._is_leaf:
            rebind(self, al.detach(use(self)))
            self._is_leaf, self._requires_grad = True, False
        return self

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Iterable[Tensor] | None = None,
    ) -> None:
        """Add the derivative of this tensor to ``grad`` of every leaf it depends on.

        ``gradient`` (the shape of this tensor) may be left out for a single entry. Graphs are never freed by a walk,
        so ``retain_graph`` is accepted and has no effect.
        """
        from ..autograd import backward  # autograd works on tensors

        backward(self, gradient, create_graph, inputs)

    # --- in place -----------------------------------------------------------------------------------------------

    def assign_(self, value: Tensor | Node) -> Tensor:
        """Replace the values: every in-place operation ends here.

        ``value`` has this tensor's shape and is converted to its dtype. A leaf that requires gradients can only be
        changed under `no_grad`, and stays a leaf.
        """
        tracked = isinstance(value, Tensor) and value._requires_grad
        node = cast(use(value) if isinstance(value, Tensor) else value, self.dtype)
        if node.shape != self._node.shape:
            raise ShapeError(f"an in-place change needs a value of shape {self._node.shape}, got {node.shape}")
        if self._is_leaf and self._requires_grad:
            if session().grad_enabled:
                raise AutogradError(
                    "a leaf that requires gradients was changed in place; put the change under st.no_grad()"
                )
            anonymous = node.op is Op.CONST or node.buffer is not None or node in session().leaf_of
            node = al.detach(node) if tracked or anonymous else node
            session().leaf_of[node] = weakref.ref(self)
            rebind(self, node)
            return self
        recorded = tracked and session().grad_enabled and self.dtype.kind == "f"
        # Two tensors must not own one storage: a compiled step writes into it.
        owned = node.buffer is None and (recorded or not tracked)
        rebind(self, node if owned else al.identity(node) if recorded else al.detach(node))
        self._requires_grad, self._is_leaf = recorded, not recorded
        return self

    __hash__ = object.__hash__


def wrap(node: Node, *operands: Tensor) -> Tensor:
    """The tensor for a node computed from ``operands``; history is kept if one of them has it and recording is on."""
    result = Tensor.__new__(Tensor)
    for operand in operands:
        if operand._requires_grad:
            break
    else:
        result._setup(node, False, True)
        return result
    if node.dtype.kind == "f":
        if session().grad_enabled:
            result._setup(node, True, False)
            return result
        node = al.detach(node)
    result._setup(node, False, True)
    return result
