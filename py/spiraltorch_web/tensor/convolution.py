"""Convolutions and pooling over one, two or three axes of space."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ArgumentError, ShapeError
from ..ir import algebra as al
from ..ir import node as nodes
from ..ir.conv_derivatives import transposed_kernel
from ..ir.node import ConvSpec, Node
from ..ir.ops import Op
from ..runtime.trace import use
from . import elementwise as ew
from .core import Tensor, wrap
from .operands import common_dtype, node_of, tensors

Sizes = int | tuple[int, ...] | list[int]


def _each(name: str, value: Sizes, space: int, least: int = 0) -> tuple[int, ...]:
    """One int ≥ ``least`` per axis of space."""
    sizes = (value,) * space if isinstance(value, int) else tuple(value)
    if len(sizes) == 1:
        sizes *= space
    if len(sizes) != space or not all(isinstance(size, int) for size in sizes):
        raise ArgumentError(f"{name} is an int or {space} ints, got {value!r}")
    if any(size < least for size in sizes):
        raise ArgumentError(f"{name} is at least {least}, got {value!r}")
    return sizes


def _padding(
    padding: Sizes | str, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple:
    """(low, high) per axis, from numbers, "valid" or "same"."""
    if padding == "valid":
        return tuple((0, 0) for _ in kernel)
    if padding == "same":
        if any(step != 1 for step in stride):
            raise ArgumentError("padding='same' needs a stride of 1")
        reach = [(size - 1) * gap for size, gap in zip(kernel, dilation, strict=True)]
        return tuple((total // 2, total - total // 2) for total in reach)
    if isinstance(padding, str):
        raise ArgumentError(f"padding is a number, numbers, 'same' or 'valid', got {padding!r}")
    return tuple((width, width) for width in _each("padding", padding, len(kernel)))


def _batched(name: str, x: Tensor, space: int) -> Tensor:
    """x with a batch axis."""
    if x.ndim == space + 1:
        return wrap(nodes.reshape(use(x), (1, *x.shape)), x)
    if x.ndim != space + 2:
        raise ShapeError(f"{name} needs x (n, c, {'space…' if space > 1 else 'length'}), got {tuple(x.shape)}")
    return x


def _unbatched(result: Tensor, x: Tensor, space: int) -> Tensor:
    if x.ndim == space + 2:
        return result
    return wrap(nodes.reshape(use(result), tuple(result.shape[1:])), result)


def _with_bias(result: Node, bias: Node | None) -> Node:
    if bias is None:
        return result
    column = nodes.reshape(bias, (bias.shape[0], *(1 for _ in range(result.ndim - 2))))
    return al.add(result, al.broadcast_to(column, result.shape))


def _convolution(space: int) -> Callable[..., Tensor]:
    def function(
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
    ) -> Tensor:
        name = f"conv{space}d"
        batch = _batched(name, x, space)
        steps, gaps = _each("stride", stride, space, 1), _each("dilation", dilation, space, 1)
        dtype = common_dtype(*tensors(x, weight, bias))
        widths = _padding(padding, tuple(weight.shape[2:]), steps, gaps)
        spec = ConvSpec(steps, widths, (1,) * space, gaps, groups)
        result = nodes.conv(node_of(batch, dtype), node_of(weight, dtype), spec)
        result = _with_bias(result, None if bias is None else node_of(bias, dtype))
        return _unbatched(wrap(result, *tensors(x, weight, bias)), x, space)

    function.__name__ = function.__qualname__ = f"conv{space}d"
    function.__doc__ = (
        f"Cross-correlation over {space} ax{'is' if space == 1 else 'es'} of space: x (n, c, *space) or (c, *space), "
        "weight (o, c/groups, *kernel), bias (o)."
    )
    return function


conv1d = _convolution(1)
conv2d = _convolution(2)
conv3d = _convolution(3)


def _transposed(space: int) -> Callable[..., Tensor]:
    def function(
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        groups: int = 1,
        dilation: Sizes = 1,
    ) -> Tensor:
        name = f"conv_transpose{space}d"
        batch = _batched(name, x, space)
        if weight.ndim != space + 2 or weight.shape[0] != batch.shape[1]:
            raise ShapeError(
                f"{name} needs x (n, c, …) and weight (c, o/groups, …), got {tuple(x.shape)} and {tuple(weight.shape)}"
            )
        dtype = common_dtype(*tensors(x, weight, bias))
        steps, gaps = _each("stride", stride, space, 1), _each("dilation", dilation, space, 1)
        inner, extra = _each("padding", padding, space), _each("output_padding", output_padding, space)
        reach = [(size - 1) * gap for size, gap in zip(weight.shape[2:], gaps, strict=True)]
        low = [total - width for total, width in zip(reach, inner, strict=True)]
        high = [total - width + more for total, width, more in zip(reach, inner, extra, strict=True)]
        widths = tuple((max(a, 0), max(b, 0)) for a, b in zip(low, high, strict=True))
        spec = ConvSpec((1,) * space, widths, steps, gaps, groups)
        kernel = transposed_kernel(node_of(weight, dtype), groups)
        full = nodes.conv(node_of(batch, dtype), kernel, spec)
        # Padding beyond the kernel's reach cuts results off.
        cuts = [(max(-a, 0), size + min(b, 0), 1) for a, b, size in zip(low, high, full.shape[2:], strict=True)]
        result = nodes.shrink(full, ((0, full.shape[0], 1), (0, full.shape[1], 1), *cuts))
        result = _with_bias(result, None if bias is None else node_of(bias, dtype))
        return _unbatched(wrap(result, *tensors(x, weight, bias)), x, space)

    function.__name__ = function.__qualname__ = f"conv_transpose{space}d"
    function.__doc__ = (
        f"The adjoint of `conv{space}d` with respect to x: x (n, c, *space), weight (c, o/groups, *kernel), bias (o)."
    )
    return function


conv_transpose1d = _transposed(1)
conv_transpose2d = _transposed(2)


def _windows(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> Node:
    """Windows over the last axes, each as new last axes."""
    node, space = use(x), len(kernel)
    for place in range(space):
        node = nodes.slide(node, x.ndim - space + place, kernel[place], stride[place], dilation[place])
    return node


def _ceil_extra(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Padding that makes room for a last, incomplete window, as long as that starts within the input."""
    reach = (kernel - 1) * dilation + 1
    count = -(-(size + 2 * padding - reach) // stride) + 1
    if (count - 1) * stride >= size + padding:
        count -= 1
    return max((count - 1) * stride + reach - size - 2 * padding, 0)


def _padded(
    x: Tensor, kernel: tuple, stride: tuple, padding: tuple, dilation: tuple, ceil_mode: bool, value: float
) -> Tensor:
    widths = [(0, 0, 0)] * (x.ndim - len(kernel))
    for place, size in enumerate(x.shape[x.ndim - len(kernel) :]):
        facts = (size, kernel[place], stride[place], padding[place], dilation[place])
        extra = _ceil_extra(*facts) if ceil_mode else 0
        widths.append((padding[place], padding[place] + extra, 0))
    return wrap(nodes.pad(use(x), widths, value), x)


def _pool_sizes(name: str, kernel_size: Sizes, stride: Sizes | None, padding: Sizes, space: int) -> tuple:
    kernel = _each("kernel_size", kernel_size, space, 1)
    steps = kernel if stride is None or stride == () else _each("stride", stride, space, 1)
    widths = _each("padding", padding, space)
    if any(2 * width > size for width, size in zip(widths, kernel, strict=True)):
        raise ArgumentError(f"{name}: padding {widths} is more than half of the kernel {kernel}")
    return kernel, steps, widths


def _max_pool(space: int) -> Callable[..., Tensor]:
    def function(
        x: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
    ) -> Tensor:
        kernel, steps, widths = _pool_sizes(f"max_pool{space}d", kernel_size, stride, padding, space)
        gaps = _each("dilation", dilation, space, 1)
        padded = _padded(x, kernel, steps, widths, gaps, ceil_mode, float("-inf"))
        windows = _windows(padded, kernel, steps, gaps)
        return wrap(nodes.reduce(Op.MAX, windows, range(windows.ndim - space, windows.ndim)), x)

    function.__name__ = function.__qualname__ = f"max_pool{space}d"
    function.__doc__ = "The largest entry of each window; padding never wins. Equal entries share the gradient."
    return function


def _avg_pool(space: int) -> Callable[..., Tensor]:
    def function(
        x: Tensor,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:
        kernel, steps, widths = _pool_sizes(f"avg_pool{space}d", kernel_size, stride, padding, space)
        once = (1,) * space

        def sums(value: Tensor) -> Tensor:
            windows = _windows(value, kernel, steps, once)
            return wrap(nodes.reduce(Op.SUM, windows, range(windows.ndim - space, windows.ndim)), value)

        total = sums(_padded(x, kernel, steps, widths, once, ceil_mode, 0))
        if divisor_override is not None:
            return ew.div(total, divisor_override)
        # Zeros that only complete the last window never count; those of the padding do, if asked for.
        ones = wrap(nodes.const(1, x.dtype, x._node.shape))
        if count_include_pad:
            inner = [(0, 0, 0)] * (x.ndim - space) + [(width, width, 0) for width in widths]
            counted = wrap(nodes.pad(use(ones), inner, 1))
            return ew.div(total, sums(_grown(counted, x, kernel, steps, widths, ceil_mode)))
        return ew.div(total, sums(_padded(ones, kernel, steps, widths, once, ceil_mode, 0)))

    def _grown(counted: Tensor, x: Tensor, kernel: tuple, steps: tuple, widths: tuple, ceil_mode: bool) -> Tensor:
        full = _padded(x, kernel, steps, widths, (1,) * space, ceil_mode, 0).shape
        growth = [(0, after - before, 0) for before, after in zip(counted.shape, full, strict=True)]
        return wrap(nodes.pad(use(counted), growth, 0))

    function.__name__ = function.__qualname__ = f"avg_pool{space}d"
    function.__doc__ = "The mean of each window; padding counts as zeros unless ``count_include_pad`` is False."
    return function


max_pool1d = _max_pool(1)
max_pool2d = _max_pool(2)
avg_pool1d = _avg_pool(1)
avg_pool2d = _avg_pool(2)


def _adaptive(x: Tensor, output_size: Sizes, space: int, op: Op) -> Tensor:
    """Windows whose borders divide each axis as evenly as whole numbers allow."""
    node = use(x)
    wanted = _each("output_size", output_size, space)
    for place, count in enumerate(wanted):
        axis = x.ndim - space + place
        size = node.shape[axis]
        if size % count == 0:
            shape = (*node.shape[:axis], count, size // count, *node.shape[axis + 1 :])
            node = nodes.reduce(op, nodes.reshape(node, shape), (axis + 1,))
            node = al.times(node, count / size) if op is Op.SUM else node
            continue
        parts = []
        for i in range(count):
            start, stop = i * size // count, -(-(i + 1) * size // count)
            ranges = [(0, length, 1) for length in node.shape]
            ranges[axis] = (start, stop, 1)
            part = nodes.reduce(op, nodes.shrink(node, ranges), (axis,))
            part = al.times(part, 1 / (stop - start)) if op is Op.SUM else part
            parts.append(nodes.reshape(part, (*part.shape[:axis], 1, *part.shape[axis:])))
        node = nodes.concat(parts, axis)
    return wrap(node, x)


def adaptive_avg_pool1d(x: Tensor, output_size: Sizes) -> Tensor:
    """The means of ``output_size`` windows."""
    return _adaptive(x, output_size, 1, Op.SUM)


def adaptive_avg_pool2d(x: Tensor, output_size: Sizes) -> Tensor:
    """The means of ``output_size`` windows."""
    return _adaptive(x, output_size, 2, Op.SUM)


def adaptive_max_pool2d(x: Tensor, output_size: Sizes) -> Tensor:
    """The maxima of ``output_size`` windows."""
    return _adaptive(x, output_size, 2, Op.MAX)
