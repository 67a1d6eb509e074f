"""Compiles kernels with both WGSL compilers: naga (wgpu) and Tint (Chromium)."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

from spiraltorch_web.device.dialect import module_text
from spiraltorch_web.errors import KernelError
from spiraltorch_web.ir.program import Kernel

READ_ONE = """async (kernel) => {
  const { module } = executor.pipelines.describe(kernel);
  const { messages } = await module.getCompilationInfo();
  return messages.filter(({ type }) => type === "error").map(({ message }) => message).join("\\n");
}"""
COMPILE_ONE = """async (kernel) => {
  try {
    await executor.pipelines.compile(kernel);
    return "";
  } catch (error) {
    return (error.message.startsWith("{") && JSON.parse(error.message).message) || String(error);
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


def messages_of(native, page, kernels: Sequence[Kernel], built: Container[Kernel] | None = None) -> list[Verdict]:
    """Compile every kernel on a native device and in a page that has an `executor`.

    Of kernels that are not in ``built`` (all, where it is None) Tint reads and checks the text, but SwiftShader makes
    no code of it, which takes seconds for a long one.
    """
    verdicts = []
    for kernel in kernels:
        script = COMPILE_ONE if built is None or kernel in built else READ_ONE
        verdicts.append(Verdict(kernel.name, _naga(native, kernel), _tint(page, kernel, script)))
    return verdicts


def _naga(native, kernel: Kernel) -> str:
    try:
        native.compile([kernel])
    except KernelError as error:
        return str(error)
    return ""


def _tint(page, kernel: Kernel, script: str) -> str:
    code = module_text(kernel, "tint")
    return page.evaluate(script, {"name": kernel.name, "code": code, "access": list(kernel.access)})
