"""Which functions are methods and operators of `Tensor`: one table, applied once.

The first parameter of each function is the tensor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ..dtypes import bool_, float16, float32, int32
from ..errors import AutogradError
from ..ir import algebra as al
from ..runtime.trace import use
from . import (
    activation,
    composed,
    creation,
    elementwise,
    indexing,
    inplace,
    joining,
    matrices,
    products,
    random,
    reading,
    reduction,
    shaping,
    sorting,
    strided,
)
from .core import Tensor, wrap
from .operands import Scalar


def clone(x: Tensor) -> Tensor:
    """A tensor of its own with the same values; gradients pass through."""
    return wrap(al.identity(use(x)), x)


def deep_copy(x: Tensor, memo: dict) -> Tensor:
    """`copy.deepcopy`: a leaf of the same class with the same values, sharing nothing."""
    if not x.is_leaf:
        raise AutogradError("only leaves can be deep-copied, this tensor was computed; copy x.detach() instead")
    result = memo[id(x)] = type(x).__new__(type(x))
    result._setup(al.detach(use(x)), False, True)
    result.requires_grad_(x.requires_grad)
    result.grad = None if x.grad is None else deep_copy(x.grad, memo)
    return result


def numel(x: Tensor) -> int:
    """The number of entries."""
    return x._node.size


def size(x: Tensor, dim: int | None = None) -> Any:
    """The shape, or the length of one axis."""
    return x.shape if dim is None else x.shape[dim]


def type_as(x: Tensor, other: Tensor) -> Tensor:
    """x with the dtype of ``other``."""
    return elementwise.to(x, other.dtype)


def contiguous(x: Tensor) -> Tensor:
    """x itself: tensors have no strides."""
    return x


def _reflected(function: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    def operator(x: Tensor, other: Any) -> Tensor:
        return function(other, x)

    return operator


def _converter(dtype: Any) -> Callable[[Tensor], Tensor]:
    def convert(x: Tensor) -> Tensor:
        return elementwise.to(x, dtype)

    convert.__name__ = convert.__qualname__ = dtype.name
    convert.__doc__ = f"x as {dtype.name}."
    return convert


_NAMES = {
    elementwise: (
        *("abs", "acos", "acosh", "add", "asin", "asinh", "atan", "atan2", "atanh", "bitcast"),
        *("bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift", "bitwise_xor"),
        *("ceil", "clamp", "cos", "cosh", "div", "eq", "erf", "exp", "expm1", "floor"),
        *("floor_divide", "ge", "gt", "isfinite", "isinf", "isnan", "le", "log"),
        *("log1p", "logical_and", "logical_not", "logical_or", "logical_xor", "lt", "masked_fill"),
        *("maximum", "minimum", "mul", "ne", "neg", "pow", "reciprocal", "remainder", "round", "rsqrt", "sigmoid"),
        *("sign", "sin", "sinh", "sqrt", "square", "sub", "tan", "tanh", "to", "trunc"),
    ),
    composed: (
        *("addcdiv", "addcmul", "erfc", "exp2", "fmod", "frac", "hypot", "isclose", "lerp", "log10", "log2"),
        *("logaddexp", "nan_to_num"),
    ),
    reduction: (
        *("all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "log_softmax", "logsumexp", "max"),
        *("mean", "min", "norm", "prod", "softmax", "squared_l2_norm", "std", "sum", "sum_axis0", "var"),
    ),
    shaping: (
        *("broadcast_to", "expand", "expand_as", "flatten", "flip", "movedim", "permute", "repeat"),
        *("repeat_interleave", "reshape", "reshape_as", "squeeze", "t", "tile", "transpose", "unflatten", "unfold"),
        "unsqueeze",
    ),
    joining: ("chunk", "narrow", "roll", "split", "unbind"),
    matrices: ("diag", "diag_embed", "diagonal", "trace", "tril", "triu"),
    indexing: (
        *("bincount", "gather", "index_add", "index_select", "masked_select", "nonzero", "scatter", "scatter_add"),
        *("take", "take_along_dim", "unique"),
    ),
    products: ("addmm", "bmm", "dot", "matmul", "mm", "mv", "outer"),
    sorting: ("argsort", "cumprod", "cumsum", "diff", "median", "msort", "sort"),
    strided: ("as_strided",),
    activation: ("relu",),
    creation: ("new_tensor",),
    random: ("bernoulli_", "normal_", "uniform_"),
    inplace: ("add_", "add_scaled_", "copy_", "fill_", "sub_", "zero_"),
    reading: ("allclose", "data", "equal", "item", "item_async", "numpy", "numpy_async", "tolist", "tolist_async"),
}

_RENAMED: Mapping[str, Callable] = MappingProxyType(
    {
        "bool": _converter(bool_),
        "clip": elementwise.clamp,
        "clone": clone,
        "contiguous": contiguous,
        "dim": lambda x: x.ndim,
        "double": _converter(float32),
        "divide": elementwise.div,
        "float": _converter(float32),
        "half": _converter(float16),
        "hadamard": elementwise.mul,
        "int": _converter(int32),
        "long": _converter(int32),
        "multiply": elementwise.mul,
        "nelement": numel,
        "numel": numel,
        "scale": elementwise.mul,
        "size": size,
        "subtract": elementwise.sub,
        "swapaxes": shaping.transpose,
        "true_divide": elementwise.div,
        "type_as": type_as,
        "ravel": shaping.flatten,
        "view": shaping.reshape,
        "view_as": shaping.reshape_as,
        **inplace.TWINS,
    }
)

_OPERATORS: Mapping[str, Callable] = MappingProxyType(
    {
        "__add__": elementwise.add,
        "__sub__": elementwise.sub,
        "__mul__": elementwise.mul,
        "__truediv__": elementwise.div,
        "__floordiv__": elementwise.floor_divide,
        "__mod__": elementwise.remainder,
        "__pow__": elementwise.pow,
        "__matmul__": products.matmul,
        "__and__": elementwise.bitwise_and,
        "__or__": elementwise.bitwise_or,
        "__xor__": elementwise.bitwise_xor,
        "__lshift__": elementwise.bitwise_left_shift,
        "__rshift__": elementwise.bitwise_right_shift,
    }
)

_SPECIAL: Mapping[str, Callable] = MappingProxyType(
    {
        "__eq__": elementwise.eq,
        "__ne__": elementwise.ne,
        "__lt__": elementwise.lt,
        "__le__": elementwise.le,
        "__gt__": elementwise.gt,
        "__ge__": elementwise.ge,
        "__neg__": elementwise.neg,
        "__pos__": lambda x: x,
        "__abs__": elementwise.abs,
        "__invert__": elementwise.bitwise_not,
        "__deepcopy__": deep_copy,
        "__getitem__": indexing.get_item,
        "__setitem__": indexing.set_item,
        "__iter__": indexing.iterate,
        "__len__": reading.length,
        "__contains__": reading.contains,
        "__bool__": reading.to_bool,
        "__float__": reading.to_float,
        "__int__": reading.to_int,
        "__index__": reading.to_index,
        "__array__": reading.to_array,
        "__repr__": reading.representation,
        "__format__": reading.formatted,
        "__reduce__": reading.reduced,
    }
)

_PROPERTIES: Mapping[str, Callable] = MappingProxyType(
    {
        "T": shaping.reverse_axes,
        "mT": shaping.matrix_transpose,
        "itemsize": lambda x: x.dtype.itemsize,
        "nbytes": lambda x: x._node.nbytes,
    }
)


def _operator(function: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Any]:
    """An operator leaves operands that it does not know to their own class."""

    def operator(x: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, *_OPERANDS)) and not _is_array(other):
            return NotImplemented
        return function(x, other)

    operator.__doc__ = function.__doc__
    return operator


def _is_array(value: Any) -> bool:
    """Whether NumPy's operators would take it as an array: ``__array_ufunc__ = None`` says no."""
    return hasattr(value, "__array__") and getattr(value, "__array_ufunc__", value) is not None


_OPERANDS = Scalar.__args__


def method_table() -> dict[str, Any]:
    """Every attribute that `Tensor` gets from the function modules."""
    table: dict[str, Any] = {name: getattr(module, name) for module, names in _NAMES.items() for name in names}
    table.update(_RENAMED)
    table.update({name: property(function) for name, function in _PROPERTIES.items()})
    for name, function in _OPERATORS.items():
        table[name] = _operator(function)
        table[f"__r{name[2:]}"] = _operator(_reflected(function))
        table[f"__i{name[2:]}"] = _operator(inplace.inplace_operator(function))
    comparisons = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")
    table.update({name: _operator(f) if name in comparisons else f for name, f in _SPECIAL.items()})
    return table


def install() -> None:
    """Attach the table to `Tensor`."""
    for name, value in method_table().items():
        setattr(Tensor, name, value)
