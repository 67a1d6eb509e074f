"""Compiles kernels with both WGSL compilers: naga (wgpu) and Tint (Chromium)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spiraltorch_web.device.dialect import module_text
from spiraltorch_web.errors import KernelError
from spiraltorch_web.ir.program import Kernel

COMPILE_ONE = """async (kernel) => {
  try {
    await executor.pipelines.compile(kernel);
    return "";
  } catch (error) {
    return JSON.parse(error.message).message || String(error);
  }
}"""


@dataclass(frozen=True)
class Verdict:
    """What the compilers said about one kernel; empty where it compiled."""

    kernel: str
    naga: str
    tint: str

    @property
    def good(self) -> bool:
        return not self.naga and not self.tint


def messages_of(native, page, kernels: Sequence[Kernel]) -> list[Verdict]:
    """Compile every kernel on a native device and in a page that has an `executor`."""
    return [Verdict(kernel.name, _naga(native, kernel), _tint(page, kernel)) for kernel in kernels]


def _naga(native, kernel: Kernel) -> str:
    try:
        native.compile([kernel])
    except KernelError as error:
        return str(error)
    return ""


def _tint(page, kernel: Kernel) -> str:
    code = module_text(kernel, "tint")
    return page.evaluate(COMPILE_ONE, {"name": kernel.name, "code": code, "access": list(kernel.access)})
