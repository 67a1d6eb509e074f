"""Plans of transforms: what can be decided, what is decided by itself, and the WGSL and SpiralK that come of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..dtypes import float32
from ..errors import ArgumentError
from ..ir.caps import Caps
from ..kernels.fft.plan import Tuning, default_tuning
from ..kernels.fft.routine import FFT, Transform, padded_length
from ..kernels.rankk.choice import FIELDS
from ..runtime.session import session
from ..spiralk import Program, hard_rule, parse

PLANNED = ("radix", "tile_cols", "segments")


@dataclass(frozen=True)
class SpiralKFftPlan:
    """How transforms by powers of two are computed.

    ``radix``: the largest butterfly, 2, 4, 8 or 16. ``tile_cols``: the most points that one launch transforms; longer
    lines take several launches. ``segments``: lines that a workgroup transforms side by side. What the device
    cannot run is reduced to what it can.
    """

    radix: int
    tile_cols: int
    segments: int

    def __post_init__(self) -> None:
        for name in PLANNED:
            domain, value = FIELDS[name].domain, getattr(self, name)
            if value not in domain:
                raise ArgumentError(f"{name} is one of {', '.join(map(str, domain))}; got {value!r}")

    @classmethod
    def auto(cls, rows: int, cols: int, caps: Caps | None = None) -> SpiralKFftPlan:
        """What `fft` takes for ``rows`` transforms of ``cols`` points on the current device, or one with ``caps``.

        On the current device rules and the tuner table count, too.
        """
        from .chosen import plans  # which makes such plans

        _check_sizes(rows, cols)
        asked_for = plans().plan_for(rows, cols) if caps is None else None
        if asked_for is not None:
            return asked_for
        made = default_tuning(padded_length(cols), rows, 1, _caps(caps))
        return cls(made.radix, made.tile_cols, made.segments)

    @classmethod
    def from_spiralk(cls, text: str, rows: int, cols: int, k: int = 1, *, subgroup: bool = False) -> SpiralKFftPlan:
        """The plan that a SpiralK program assigns; what it leaves open is chosen as by `auto`."""
        said = parse(text).evaluate(r=rows, c=cols, k=k, sg=subgroup).hard
        base = cls.auto(rows, cols)
        return cls(*(said.get(name, getattr(base, name)) for name in PLANNED))

    def tuning(self) -> Tuning:
        """What the kernels take."""
        return Tuning(self.radix, self.tile_cols, self.segments)

    def spiralk(self) -> str:
        """A SpiralK program that assigns this plan."""
        rules = tuple(hard_rule(name, getattr(self, name), note=FIELDS[name].meaning) for name in PLANNED)
        return Program(rules).format()

    def modules(self, rows: int, cols: int, caps: Caps | None = None) -> tuple[str, ...]:
        """The WGSL modules of a complex forward transform, in the order of their launches."""
        _check_sizes(rows, cols)
        specs = (((rows, cols), float32),) * 2
        call = Transform("complex", cols, 1, tuning=self.tuning())
        lowered = FFT.lower(specs, FFT.infer(specs, call), call, _caps(caps))
        return tuple(launch.kernel.source for launch in lowered.launches)


def fft_modules(rows: int, cols: int, caps: Caps | None = None) -> tuple[str, ...]:
    """The WGSL modules that `fft` runs for a complex tensor of ``rows`` × ``cols``, in the order of their launches."""
    return SpiralKFftPlan.auto(rows, cols, caps).modules(rows, cols, caps)


def auto_fft_wgsl(rows: int, cols: int, k: int = 1, subgroup: bool = False) -> str:
    """The WGSL module that `fft` runs on this device for a complex tensor of ``rows`` × ``cols``.

    ``k`` (entries wanted of each spectrum) and ``subgroup`` are part of a plan's name and change nothing here: a
    transform has all its entries, and its threads meet in workgroup memory. ArgumentError where one launch is not
    enough; `fft_modules` gives all.
    """
    found = fft_modules(rows, cols)
    if len(found) > 1:
        raise ArgumentError(
            f"transforms of {cols:,} points take {len(found)} launches on this device; st.fft.fft_modules(rows, cols) "
            "gives their modules"
        )
    return found[0]


def auto_fft_spiralk(rows: int, cols: int, k: int = 1, subgroup: bool = False) -> str:
    """A SpiralK program that assigns the plan of `auto_fft_wgsl`; `SpiralKFftPlan.from_spiralk` reads it back."""
    return SpiralKFftPlan.auto(rows, cols).spiralk()


def _caps(caps: Caps | None) -> Caps:
    return session().device.caps if caps is None else caps


def _check_sizes(rows: int, cols: int) -> None:
    for name, value in (("rows", rows), ("cols", cols)):
        if not isinstance(value, int) or value < 1:
            raise ArgumentError(f"{name} is a positive int, got {value!r}")
