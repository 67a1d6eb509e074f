"""`DeviceCaps`: what a device is, for choosing launches; described by hand or read from the real one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ..device.base import DeviceInfo
from ..errors import ArgumentError
from ..ir.caps import Caps

FULL_WORKGROUP = 256  # lanes that hide the latency of memory on every GPU we know
COOPERATION = 1.25  # what lanes gain that exchange values without barriers
SMALLEST_TILE, LARGEST_TILE = 64, 65536
HALVED_TILE = 1024  # compaction takes half a tile from here on
_REMARKS = re.compile(r"\([^)]*\)")
_WORDS = re.compile(r"[a-z0-9.]+")
_EMPTY_WORDS = frozenset({"driver", "device", "corporation", "inc", "co", "ltd", "adapter"})


@dataclass(frozen=True)
class DeviceCaps:
    """A device: how programs reach it, the lanes of its subgroups (warps, waves), and the limits of a launch.

    ``backend`` is "vulkan", "metal", "d3d12", "browser" or "cpu" for a real device, and "wgpu", "cuda", "hip", "mps"
    or "cpu" for one that is only described: plans can be made for those, execution goes through WebGPU or the CPU.
    """

    backend: str
    lane: int
    limits: Caps
    vendor: str = ""
    architecture: str = ""
    adapter: str = ""

    def __post_init__(self) -> None:
        if not _is_power(self.lane):
            raise ArgumentError(f"a lane width is a power of two from 1 on, got {self.lane}")
        if self.limits.subgroup_size not in (0, self.lane):
            raise ArgumentError(f"subgroups of {self.limits.subgroup_size} do not fit a lane width of {self.lane}")
        if self.max_workgroup < 1 or self.shared_mem < 0:
            raise ArgumentError(
                f"a device has workgroups of 1 or more and workgroup memory of 0 bytes or more, got "
                f"{self.max_workgroup} and {self.shared_mem}"
            )

    # --- devices that are described -----------------------------------------------------------------------------

    @classmethod
    def wgpu(cls, lane: int = 32, subgroups: bool = True, max_workgroup: int = 256) -> DeviceCaps:
        """A WebGPU device with the guaranteed 16 KiB of workgroup memory."""
        return cls._described("wgpu", lane, subgroups, max_workgroup, 16 << 10)

    @classmethod
    def cuda(cls, lane: int = 32, max_workgroup: int = 1024, shared_mem: int = 48 << 10) -> DeviceCaps:
        """An NVIDIA card; here it is reached through Vulkan."""
        return cls._described("cuda", lane, True, max_workgroup, shared_mem)

    @classmethod
    def hip(cls, lane: int = 64, max_workgroup: int = 1024, shared_mem: int = 64 << 10) -> DeviceCaps:
        """An AMD card with waves of 64 (or 32); here it is reached through Vulkan."""
        return cls._described("hip", lane, True, max_workgroup, shared_mem)

    @classmethod
    def mps(cls, lane: int = 32, max_workgroup: int = 1024, shared_mem: int = 32 << 10) -> DeviceCaps:
        """An Apple GPU; here it is reached through WebGPU on Metal."""
        return cls._described("mps", lane, True, max_workgroup, shared_mem)

    @classmethod
    def cpu(cls, max_workgroup: int = 256) -> DeviceCaps:
        """CPU cores: one lane, no subgroups."""
        return cls._described("cpu", 1, False, max_workgroup, 16 << 10, software=True)

    @classmethod
    def _described(
        cls, backend: str, lane: int, subgroups: bool, max_workgroup: int, shared_mem: int, software: bool = False
    ) -> DeviceCaps:
        limits = Caps(
            max_workgroup_size=max_workgroup,
            max_workgroup_bytes=shared_mem,
            subgroup_size=lane if subgroups else 0,
            software=software,
        )
        return cls(backend, lane, limits)

    # --- real devices -------------------------------------------------------------------------------------------

    @classmethod
    def of(cls, info: DeviceInfo) -> DeviceCaps:
        """A device as it describes itself."""
        return cls.from_caps(
            info.caps,
            "cpu" if info.name == "cpu" else info.backend.lower(),
            vendor=info.vendor,
            architecture=info.architecture,
            adapter=info.adapter,
        )

    @classmethod
    def from_caps(
        cls, caps: Caps, backend: str = "wgpu", *, vendor: str = "", architecture: str = "", adapter: str = ""
    ) -> DeviceCaps:
        """A device with the limits that kernels are written for."""
        lane = caps.subgroup_size or (1 if caps.software else 32)
        return cls(backend, lane, caps, vendor, architecture, adapter)

    @classmethod
    def probe(cls, name: str | None = None) -> DeviceCaps:
        """The device that programs run on, or the one of a name as in `st.set_device`. Raises NoDeviceError."""
        if name is None:
            from ..runtime.session import session  # a description needs no session

            return cls.of(session().device.info)
        from ..device.select import open_device  # backends are only loaded when a device is opened

        return cls.of(open_device(name).info)

    def to_caps(self) -> Caps:
        """The limits that kernels are written for."""
        return self.limits

    # --- facts --------------------------------------------------------------------------------------------------

    @property
    def subgroups(self) -> bool:
        """Whether lanes can exchange values without workgroup memory."""
        return self.limits.subgroup_size > 0

    @property
    def subgroup_size(self) -> int:
        """Lanes of a subgroup; 1 without subgroup operations."""
        return self.limits.subgroup_size or 1

    @property
    def max_workgroup(self) -> int:
        """Invocations of the largest workgroup."""
        return self.limits.max_workgroup_size

    @property
    def shared_mem(self) -> int:
        """Bytes of workgroup memory."""
        return self.limits.max_workgroup_bytes

    @property
    def software(self) -> bool:
        """Whether CPU cores do the work."""
        return self.limits.software

    @property
    def device_class(self) -> str:
        """Devices of one class have equal launches and like times: the key of tables, rules and shared hints.

        Backend, vendor and architecture (the adapter's name where it tells none), subgroup size, KiB of workgroup
        memory and largest workgroup: "vulkan-nvidia-h100-80gb-hbm3-sg32-48k-1024".
        """
        named = "" if self.backend == "cpu" else f"{self.vendor} {self.architecture or self.adapter}".lower()
        words = dict.fromkeys(word for word in _WORDS.findall(_REMARKS.sub(" ", named)) if word not in _EMPTY_WORDS)
        limits = f"sg{self.limits.subgroup_size}", f"{self.shared_mem >> 10}k", str(self.max_workgroup)
        return "-".join((self.backend, *words, *limits))

    # --- variations ---------------------------------------------------------------------------------------------

    def with_subgroup(self, subgroups: bool | int) -> DeviceCaps:
        """The same device with or without subgroup operations; a number is a lane width."""
        if not isinstance(subgroups, bool):
            return replace(self, lane=subgroups, limits=replace(self.limits, subgroup_size=subgroups))
        return replace(self, limits=replace(self.limits, subgroup_size=self.lane if subgroups else 0))

    def with_max_workgroup(self, invocations: int) -> DeviceCaps:
        """The same device with another largest workgroup."""
        return replace(self, limits=replace(self.limits, max_workgroup_size=invocations))

    def with_shared_mem(self, nbytes: int) -> DeviceCaps:
        """The same device with other workgroup memory, in bytes."""
        return replace(self, limits=replace(self.limits, max_workgroup_bytes=nbytes))

    # --- launches that fit --------------------------------------------------------------------------------------

    def align_workgroup(self, requested: int) -> int:
        """The largest multiple of the lane width up to the request and the limit; at least one subgroup.

        A device whose limit is below its lane width gets the limit.
        """
        within = min(max(requested, self.lane), self.max_workgroup)
        return within // self.lane * self.lane or within

    def preferred_tile(self, cols: int) -> int:
        """Columns for a workgroup to look at between two looks at its candidates: a power of two.

        Sixteen per lane of a full workgroup, what half of the workgroup memory holds, or the whole row, if less.
        """
        row = 1 << max(cols - 1, 0).bit_length()
        per_lane = 16 * self.align_workgroup(FULL_WORKGROUP)
        return max(SMALLEST_TILE, min(row, _power_within(per_lane), _power_within(self.shared_mem // 8), LARGEST_TILE))

    def preferred_compaction_tile(self, cols: int) -> int:
        """Columns for MidK and BottomK to compact at once: half a tile once tiles are large."""
        tile = self.preferred_tile(cols)
        return tile // 2 if tile >= HALVED_TILE else tile

    def occupancy_score(self, workgroup: int) -> float:
        """How well workgroups of a size use the device, from 0 to 1.25.

        1 when full subgroups make up a full workgroup (256 invocations, or the device's limit); up to 1.25 where
        lanes cooperate through subgroup operations; 0 for a size that cannot run.
        """
        if not 1 <= workgroup <= self.max_workgroup:
            return 0.0
        subgroups = -(-workgroup // self.lane)
        busy = workgroup / (subgroups * self.lane)
        filled = min(1.0, workgroup / min(FULL_WORKGROUP, self.max_workgroup))
        return busy * filled * (COOPERATION if self.subgroups else 1.0)


def _is_power(number: int) -> bool:
    return number >= 1 and number & (number - 1) == 0


def _power_within(number: int) -> int:
    """The largest power of two up to a number; 1 for 0."""
    return 1 << max(number, 1).bit_length() - 1
