"""Plans by the name of a device, and plans in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..config import DEVICE_NAMES
from ..errors import ArgumentError
from ..kernels.rankk.choice import Choice, Merge, Order, RankKind
from ..tuning.caps import DeviceCaps
from .plan import RankPlan
from .planner import plan_rank

# Devices that are only described; plans for them show what such a device would do.
DESCRIBED: Mapping[str, Callable[[], DeviceCaps]] = MappingProxyType(
    {"wgpu": DeviceCaps.wgpu, "cuda": DeviceCaps.cuda, "hip": DeviceCaps.hip, "mps": DeviceCaps.mps}
)


def caps_named(device: str | DeviceCaps = "auto") -> DeviceCaps:
    """A device by name: "auto" is the current one, names of `st.set_device` are probed, "wgpu", "cuda", "hip" and "mps"
    are described by their usual limits. Raises ArgumentError, NoDeviceError."""
    if isinstance(device, DeviceCaps):
        return device
    if device == "auto":
        return DeviceCaps.probe()
    if device in DESCRIBED:
        return DESCRIBED[device]()
    if device in DEVICE_NAMES:
        return DeviceCaps.probe(device)
    raise ArgumentError(f"device is {device!r}; there are {', '.join((*DEVICE_NAMES, *DESCRIBED))}")


def choice_text(choice: Choice) -> str:
    """A choice for people: what it is called, then its sizes."""
    order = Order(choice.mkd).name.lower()
    parts = ", in two launches" if choice.mk == Merge.SWEEP else f", {choice.ch} chunks a row"
    return (
        f"{Merge(choice.mk).name.lower()}/{order} wg {choice.wg} kl {choice.kl} tile {choice.tile} "
        f"ctile {choice.ctile}{parts if choice.use_2ce else ''}"
    )


def plan_topk(*, rows: int, cols: int, k: int, device: str | DeviceCaps = "auto") -> RankPlan:
    """The plan for the k largest entries of each row of a matrix (rows, cols) on a device, see `caps_named`."""
    return plan_rank(RankKind.TOPK, rows, cols, k, caps_named(device))
