"""Where plans run: on the current WebGPU device or on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from ..errors import DeviceError
from ..runtime.session import session
from ..tensor import as_tensor
from ..tensor.core import Tensor
from .plan import RankPlan
from .select import run_plan


class RankKExecutor(Protocol):
    """A backend of Rank-K: all of them give the same values and indices for a plan and a matrix."""

    name: str

    def execute(self, plan: RankPlan, x: Tensor, sorted: bool = True) -> tuple[Tensor, Tensor]:
        """(values, indices) [rows, k] of a float32 matrix [rows, cols]. Raises DeviceError where it cannot run."""


@dataclass(frozen=True)
class WebGpuExecutor:
    """Runs plans on the current device, which must be a WebGPU one: in the page, or through Vulkan, Metal or D3D12."""

    name: str = "webgpu"

    def execute(self, plan: RankPlan, x: Tensor, sorted: bool = True) -> tuple[Tensor, Tensor]:
        """See `RankKExecutor.execute`."""
        return _on("webgpu", plan, x, sorted)


@dataclass(frozen=True)
class CpuExecutor:
    """Runs plans with NumPy, where the current device is the CPU; choices do not matter there."""

    name: str = "cpu"

    def execute(self, plan: RankPlan, x: Tensor, sorted: bool = True) -> tuple[Tensor, Tensor]:
        """See `RankKExecutor.execute`."""
        return _on("cpu", plan, x, sorted)


def execute_rank(executor: RankKExecutor, plan: RankPlan, x: Any, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """(values, indices) [rows, k] of a float32 matrix [rows, cols], by a plan and on a backend.

    Values are differentiable. Raises ArgumentError when the matrix is not the one that was planned for.
    """
    x = as_tensor(x)
    plan.check(x)
    return executor.execute(plan, x, sorted)


def _on(name: str, plan: RankPlan, x: Tensor, sorted: bool) -> tuple[Tensor, Tensor]:
    current = session().device.info.name
    if current != name:
        raise DeviceError(f"this executor runs on {name}, the current device is {current}: st.set_device({name!r})")
    return run_plan(plan, x.to(name), sorted)
