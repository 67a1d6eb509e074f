"""`ComplexTensor`: complex numbers as two float32 tensors of one shape, with PyTorch's and NumPy's names.

Every operation is made of operations on the parts, so derivatives, `st.compile` and all devices work as for other
tensors. The gradient of a real number L with respect to z is ∂L/∂Re z + i·∂L/∂Im z, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..dtypes import DType, float32
from ..errors import ShapeError
from ..runtime.realize import read_values, read_values_async
from ..tensor import (
    atan2,
    broadcast_tensors,
    cos,
    exp,
    log,
    matmul,
    ones_like,
    sin,
    sqrt,
    zeros_like,
)
from ..tensor.convert import nested, unpack
from ..tensor.core import Size, Tensor
from ..tensor.format import laid_out
from ..tensor.reading import complex_array
from .parts import absolute, float_part, inverse, parts_of

complex64 = DType("complex64", "c", 8, "", "", "", 5)  # of no buffer: the parts are float32


class ComplexTensor:
    """Complex numbers on a device: ``real`` and ``imag`` are float32 tensors of one shape.

    ``ComplexTensor(real, imag)`` takes tensors or what `st.tensor` takes and broadcasts them; ``ComplexTensor(data)``
    takes complex or real numbers, nested sequences of them, NumPy arrays and tensors.
    """

    __slots__ = ("real", "imag")

    __array_priority__ = 1000
    __array_ufunc__ = None  # NumPy's operators give way to ours
    dtype = complex64

    def __init__(self, real: Any, imag: Any = None) -> None:
        if imag is None:
            real, imag = parts_of(real)
        real, imag = (float_part(part) for part in (real, imag))
        if real.shape != imag.shape:
            real, imag = broadcast_tensors(real, imag)
        self.real: Tensor = real
        self.imag: Tensor = imag

    @classmethod
    def of(cls, real: Tensor, imag: Tensor) -> ComplexTensor:
        """Two parts that are known to fit, as they are."""
        made = cls.__new__(cls)
        made.real, made.imag = real, imag
        return made

    # --- facts --------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        return self.real.shape

    @property
    def ndim(self) -> int:
        return self.real.ndim

    @property
    def device(self) -> str:
        """The name of the device that holds the values or will compute them."""
        return self.real.device

    @property
    def is_complex(self) -> bool:
        return True

    @property
    def requires_grad(self) -> bool:
        """Whether one of the parts has a history or wants a gradient."""
        return self.real.requires_grad or self.imag.requires_grad

    @property
    def grad(self) -> ComplexTensor | None:
        """∂L/∂Re + i·∂L/∂Im of what `backward` was called on; None before."""
        real, imag = self.real.grad, self.imag.grad
        if real is None and imag is None:
            return None
        return ComplexTensor(
            zeros_like(self.real) if real is None else real, zeros_like(self.imag) if imag is None else imag
        )

    def requires_grad_(self, requires_grad: bool = True) -> ComplexTensor:
        """Ask `backward` to leave the gradients of both parts, or no longer to."""
        self.real.requires_grad_(requires_grad)
        self.imag.requires_grad_(requires_grad)
        return self

    def numel(self) -> int:
        """The number of entries."""
        return self.shape.numel()

    # --- parts --------------------------------------------------------------------------------------------------

    def conj(self) -> ComplexTensor:
        """The complex conjugate."""
        return ComplexTensor(self.real, -self.imag)

    def abs(self) -> Tensor:
        """|z|, without overflow in between; its slope at 0 is 0."""
        return absolute(self.real, self.imag)

    __abs__ = abs

    def angle(self) -> Tensor:
        """The argument of z, between −π and π."""
        return atan2(self.imag, self.real)

    # --- functions ----------------------------------------------------------------------------------------------

    def exp(self) -> ComplexTensor:
        """e to the power of z."""
        size = exp(self.real)
        return ComplexTensor(size * cos(self.imag), size * sin(self.imag))

    def log(self) -> ComplexTensor:
        """The principal logarithm: log|z| + i·angle."""
        return ComplexTensor(log(self.abs()), self.angle())

    def sqrt(self) -> ComplexTensor:
        """The root with a non-negative real part."""
        size, half = sqrt(self.abs()), self.angle() * 0.5
        return ComplexTensor(size * cos(half), size * sin(half))

    def reciprocal(self) -> ComplexTensor:
        """1 / z."""
        return 1 / self

    def matmul(self, other: Any) -> ComplexTensor:
        """The matrix product; see `st.matmul`."""
        return _product(matmul, self, other)

    def allclose(self, other: Any, rtol: float = 1e-5, atol: float = 1e-8) -> bool:
        """Whether |z − other| ≤ atol + rtol · |other| everywhere."""
        other = ComplexTensor(other) if not isinstance(other, ComplexTensor) else other
        return bool(((self - other).abs() <= atol + rtol * other.abs()).all())

    # --- arithmetic ---------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> ComplexTensor:
        real, imag = _real_and_imag(other)
        return ComplexTensor(self.real + real, self.imag if imag is None else self.imag + imag)

    __radd__ = __add__

    def __sub__(self, other: Any) -> ComplexTensor:
        real, imag = _real_and_imag(other)
        return ComplexTensor(self.real - real, self.imag if imag is None else self.imag - imag)

    def __rsub__(self, other: Any) -> ComplexTensor:
        return -self + other

    def __mul__(self, other: Any) -> ComplexTensor:
        return _product(lambda a, b: a * b, self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> ComplexTensor:
        real, imag = _real_and_imag(other)
        if imag is None:
            return ComplexTensor(self.real / real, self.imag / real)
        return self * ComplexTensor.of(*inverse(*broadcast_tensors(real, imag)))

    def __rtruediv__(self, other: Any) -> ComplexTensor:
        return ComplexTensor.of(*inverse(self.real, self.imag)) * other

    def __pow__(self, exponent: Any) -> ComplexTensor:
        if isinstance(exponent, int) and not isinstance(exponent, bool):
            return _whole_power(self, exponent)
        return (self.log() * exponent).exp()

    def __neg__(self) -> ComplexTensor:
        return ComplexTensor(-self.real, -self.imag)

    def __pos__(self) -> ComplexTensor:
        return self

    def __matmul__(self, other: Any) -> ComplexTensor:
        return self.matmul(other)

    def __rmatmul__(self, other: Any) -> ComplexTensor:
        return _product(matmul, other, self)

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        real, imag = _real_and_imag(other)
        return (self.real == real) & (self.imag == (0 if imag is None else imag))

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ~(self == other)

    __hash__ = object.__hash__

    # --- indexing -----------------------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> ComplexTensor:
        return ComplexTensor(self.real[key], self.imag[key])

    def __setitem__(self, key: Any, value: Any) -> None:
        real, imag = _real_and_imag(value)
        self.real[key] = real
        self.imag[key] = 0.0 if imag is None else imag

    def __len__(self) -> int:
        return len(self.real)

    def __iter__(self) -> Iterator[ComplexTensor]:
        return (self[row] for row in range(len(self)))

    # --- reading ------------------------------------------------------------------------------------------------

    def item(self) -> complex:
        """The value of a tensor with one entry."""
        if self.numel() != 1:
            raise ShapeError(f"item needs a tensor with one entry, got shape {tuple(self.shape)}; use tolist()")
        return _entries(read_values([self.real, self.imag]))[0]

    def tolist(self) -> Any:
        """The values as nested lists of Python's complex numbers."""
        return nested(_entries(read_values([self.real, self.imag])), tuple(self.shape))

    async def tolist_async(self) -> Any:
        """As `tolist`, without blocking the event loop."""
        return nested(_entries(await read_values_async([self.real, self.imag])), tuple(self.shape))

    def numpy(self) -> Any:
        """The values as a new complex64 array, in one round trip."""
        return complex_array(read_values([self.real, self.imag]), tuple(self.shape))

    async def numpy_async(self) -> Any:
        """As `numpy`, without blocking the event loop."""
        return complex_array(await read_values_async([self.real, self.imag]), tuple(self.shape))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        result = self.numpy()
        return result if dtype is None else result.astype(dtype)

    def __complex__(self) -> complex:
        return self.item()

    def __repr__(self) -> str:
        return laid_out("ComplexTensor", self, lambda: _entries(read_values([self.real, self.imag])))


def _both(name: str) -> Callable[..., ComplexTensor]:
    """The method of real tensors, for both parts."""
    original = getattr(Tensor, name)

    def method(self: ComplexTensor, *arguments: Any, **options: Any) -> ComplexTensor:
        return ComplexTensor(original(self.real, *arguments, **options), original(self.imag, *arguments, **options))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"{original.__doc__} For both parts alike."
    return method


for _name in (  # fmt: skip
    "broadcast_to", "clone", "contiguous", "cumsum", "detach", "diff", "expand", "flatten", "flip", "mean", "movedim",
    "narrow", "permute", "repeat", "reshape", "roll", "squeeze", "sum", "t", "take_along_dim", "tile", "to",
    "transpose", "unflatten", "unsqueeze", "view",
):  # fmt: skip
    setattr(ComplexTensor, _name, _both(_name))
ComplexTensor.T = property(lambda self: ComplexTensor(self.real.T, self.imag.T))  # type: ignore[attr-defined]
ComplexTensor.mT = property(lambda self: ComplexTensor(self.real.mT, self.imag.mT))  # type: ignore[attr-defined]
ComplexTensor.mH = property(lambda self: ComplexTensor(self.real.mT, -self.imag.mT))  # type: ignore[attr-defined]


def _real_and_imag(value: Any) -> tuple[Any, Any]:
    """The parts of an operand; imag is None for a real one."""
    if isinstance(value, ComplexTensor):
        return value.real, value.imag
    if isinstance(value, (Tensor, bool, int, float)):
        return value, None
    made = ComplexTensor(value)
    return made.real, made.imag


def _product(times: Callable[[Any, Any], Any], a: Any, b: Any) -> ComplexTensor:
    """A bilinear product of two operands, of which at least one is complex."""
    a_real, a_imag = _real_and_imag(a)
    b_real, b_imag = _real_and_imag(b)
    if b_imag is None:
        return ComplexTensor(times(a_real, b_real), times(a_imag, b_real))
    if a_imag is None:
        return ComplexTensor(times(a_real, b_real), times(a_real, b_imag))
    return ComplexTensor(times(a_real, b_real) - times(a_imag, b_imag), times(a_real, b_imag) + times(a_imag, b_real))


def _whole_power(z: ComplexTensor, exponent: int) -> ComplexTensor:
    """By repeated squaring."""
    if exponent < 0:
        return _whole_power(1 / z, -exponent)
    result: ComplexTensor | None = None
    while exponent:
        if exponent & 1:
            result = z if result is None else result * z
        exponent >>= 1
        if exponent:
            z = z * z
    return ComplexTensor(ones_like(z.real), zeros_like(z.imag)) if result is None else result


def _entries(views: list[memoryview]) -> list[complex]:
    real, imag = (unpack(view, float32) for view in views)
    return list(map(complex, real, imag))
