"""All routines by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .cumsum import CUMSUM
from .fft.routine import FFT
from .nd_index import ND_INDEX
from .rankk.routine import RANK_K
from .registry import Routine
from .scatter import SCATTER_ADD
from .sort import ARGSORT

ROUTINES: Mapping[str, Routine] = MappingProxyType(
    {routine.name: routine for routine in (ARGSORT, CUMSUM, FFT, ND_INDEX, RANK_K, SCATTER_ADD)}
)
