"""`LanguageWaveEncoder`: text as waves, and as points of the Poincaré ball."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from ..complex import ComplexTensor
from ..errors import ArgumentError, ShapeError
from ..fft import fft
from ..tensor import Tensor, stack, tensor
from .checks import positive
from .geometry import project

__all__ = ["LanguageWaveEncoder"]

_GRAMS = (2, 3)  # lengths of the character sequences that a code of fixed width counts
_EDGE = "\ud800"  # stands before and after a text, which cannot hold it
_SHORTEST = 1e-20  # of a code before it is scaled: one whose phases cancelled stays at the origin


@dataclass(frozen=True)
class LanguageWaveEncoder:
    """Turns text into waves and into points of the ball of the given curvature K < 0.

    ``temperature`` T > 0 scales the wave of `encode_wave`; the points of `encode_z_space` lie at exp₀ of vectors of
    length T, at the distance 2T from the origin. Any Unicode text but the empty one is accepted. Equal text gives
    equal codes, everywhere.
    """

    curvature: float
    temperature: float = 1.0

    def __post_init__(self) -> None:
        positive("LanguageWaveEncoder", self.curvature)
        given = isinstance(self.temperature, (int, float)) and not isinstance(self.temperature, bool)
        if not given or not 0 < self.temperature < math.inf:
            raise ArgumentError(f"temperature is a finite number > 0, got {self.temperature!r}")

    def encode_wave(self, text: str) -> ComplexTensor:
        """The discrete Fourier transform of a text of n characters, not normalised: complex (1, n).

        The signal is xᵢ = ((code pointᵢ mod 1024)/1024 + |sin((i + 1)/n)|)·T.
        """
        points = _code_points(text)
        n = len(points)
        signal = [
            ((point % 1024) / 1024 + abs(math.sin((place + 1) / n))) * self.temperature
            for place, point in enumerate(points)
        ]
        return fft(tensor([signal]))

    def encode_z_space(self, text: str | Sequence[str], width: int | None = None) -> Tensor:
        """The point of the ball that stands for a text.

        Without ``width``: (1, 2n) for n characters. The signal is e^(2πi·hash(code point)), one unit phase per
        character; its unitary Fourier transform, real and imaginary parts in turn, is scaled into the ball. The cosine
        of two codes of one length is that of the signals: 1/√(πn) on average for unrelated texts, which is 0.16 at
        n = 12, and about 0.98 where one character of 100 differs.

        With ``width=w``: (1, w) whatever the length, for models. The signal has ⌈w/2⌉ places, and each pair and triple
        of neighbouring characters adds its unit phase at a place given by its hash, so the cosine of two codes
        estimates that of the texts' character bigram and trigram counts. A sequence of m texts then gives (m, w).
        """
        if width is None:
            if isinstance(text, (list, tuple)):
                raise ArgumentError("a sequence of texts needs a width, such as encode_z_space(texts, width=128)")
            phases = _phases(_code_points(text))
            return self._placed([real for real, _ in phases], [imag for _, imag in phases], 1, 2 * len(phases))
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise ArgumentError(f"width is a whole number ≥ 1, got {width!r}")
        texts = text if isinstance(text, (list, tuple)) else [text]
        if not texts:
            raise ArgumentError("texts is empty: there is nothing to encode")
        return self._placed(*_counted(texts, (width + 1) // 2), len(texts), width)

    def _placed(self, real: Sequence[float], imag: Sequence[float], rows: int, width: int) -> Tensor:
        """Points of the ball (rows, width) from signals, row after row."""
        c = positive("LanguageWaveEncoder", self.curvature)
        radius = math.tanh(math.sqrt(c) * self.temperature) / math.sqrt(c)
        wave = fft(ComplexTensor(tensor(real).reshape(rows, -1), tensor(imag).reshape(rows, -1)))
        code = interleaved(wave)[:, :width]
        norm = code.square().sum(1, keepdim=True).sqrt()
        return project(code * (radius / norm.clamp(min=_SHORTEST)), curvature=self.curvature)


def interleaved(wave: ComplexTensor) -> Tensor:
    """float32 [*, 2n]: real and imaginary parts of [*, n] in turn."""
    if not wave.ndim:
        raise ShapeError("a wave has at least one axis, got a complex number")
    return stack([wave.real, wave.imag], -1).reshape(*wave.shape[:-1], 2 * wave.shape[-1])


def _code_points(text: str) -> list[int]:
    """The code points of a text. Raises ArgumentError for what is no text of Unicode characters, or empty."""
    if not isinstance(text, str):
        raise ArgumentError(f"a text is a str, got {type(text).__name__}: {text!r}")
    if not text:
        raise ArgumentError("text is empty: '' has no wave")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ArgumentError(
            f"text holds the lone surrogate U+{ord(text[error.start]):04X} at place {error.start}, which is no "
            "character; decode bytes with errors='strict' or 'replace'"
        ) from None
    return [ord(character) for character in text]


def _phases(points: Sequence[int]) -> list[tuple[float, float]]:
    """(cos, sin) of each character's phase."""
    known = {point: _phase(_mixed(point)) for point in set(points)}
    return [known[point] for point in points]


def _counted(texts: Sequence[str], places: int) -> tuple[array, array]:
    """Signals, row after row: the sums of the phases of all character sequences, each at its place."""
    real, imag = (array("f", bytes(4 * len(texts) * places)) for _ in range(2))
    known: dict[str, tuple[int, float, float]] = {}
    for row, text in enumerate(texts):
        _code_points(text)
        framed = f"{_EDGE}{text}{_EDGE}"
        for length in _GRAMS:
            for start in range(len(framed) - length + 1):
                gram = framed[start : start + length]
                if gram not in known:
                    known[gram] = _placed_phase(gram, places)
                place, cosine, sine = known[gram]
                real[row * places + place] += cosine
                imag[row * places + place] += sine
    return real, imag


def _placed_phase(gram: str, places: int) -> tuple[int, float, float]:
    """The place of a character sequence and (cos, sin) of its phase."""
    word = 0
    for character in gram:
        word = _mixed(word ^ ord(character))
    return word % places, *_phase(_mixed(word + 1))


def _phase(word: int) -> tuple[float, float]:
    angle = 2.0 * math.pi * word * 2.0**-32
    return math.cos(angle), math.sin(angle)


def _mixed(value: int) -> int:
    """A 32-bit word in which every bit depends on every bit of ``value``: the finaliser of MurmurHash3 (Appleby)."""
    word = (value + 0x9E3779B9) & 0xFFFFFFFF
    word = ((word ^ (word >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    word = ((word ^ (word >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return word ^ (word >> 16)
