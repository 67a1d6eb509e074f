"""``doctor``: which devices are there, what they offer, and whether they compute."""

from __future__ import annotations

import contextlib
import io
import json
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from ..config import settings
from ..device.base import DeviceInfo
from ..device.select import open_device
from ..device.selfcheck import self_check
from ..errors import NoDeviceError, SpiralError
from ..version import __version__

NAMES = ("webgpu", "webgpu:software", "cpu")


@dataclass(frozen=True)
class Finding:
    """What was found out about one device name. ``info`` is None when it could not be opened, ``problem`` says why."""

    name: str
    info: DeviceInfo | None
    problem: str = ""
    milliseconds: float = 0.0  # of the self-check, kernels compiled

    @property
    def works(self) -> bool:
        return self.info is not None and not self.problem


@dataclass(frozen=True)
class Report:
    """Everything that doctor says."""

    version: str
    python: str
    system: str
    wish: str  # what SPIRALTORCH_DEVICE asks for
    chosen: Finding
    devices: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """The device that programs get works, and so does every other one that is there."""
        present = [finding for finding in self.devices if finding.info is not None]
        return self.chosen.works and all(finding.works for finding in present)


def run_doctor(as_json: bool = False) -> int:
    """Print the report; returns the exit code."""
    report = examine_all()
    print(json.dumps(asdict(report), indent=2) if as_json else "\n".join(_lines(report)))
    return 0 if report.healthy else 1


def examine_all() -> Report:
    """Open and check every device."""
    wish = settings().device
    findings = tuple(_examine(name) for name in NAMES)
    # Choosing by itself announces a fall-back on stderr; here the report says it.
    with contextlib.redirect_stderr(io.StringIO()):
        chosen = _examine(wish)
    return Report(__version__, platform.python_version(), platform.platform(), wish, chosen, _distinct(findings))


def _distinct(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Without ``webgpu`` where it is the software adapter again."""
    plain, software, *others = findings
    same = plain.info is not None and software.info is not None and plain.info.adapter == software.info.adapter
    return (software, *others) if same else findings


def _examine(name: str) -> Finding:
    try:
        device = open_device(name)
    except NoDeviceError as error:
        return Finding(name, None, str(error))
    try:
        self_check(device)
        start = time.perf_counter()
        self_check(device)
    except SpiralError as error:
        return Finding(name, device.info, str(error))
    return Finding(name, device.info, milliseconds=(time.perf_counter() - start) * 1e3)


def _lines(report: Report) -> Iterator[str]:
    yield f"spiraltorch-web {report.version}, Python {report.python}, {report.system}"
    for finding in report.devices:
        yield ""
        yield from _device_lines(finding)
    yield ""
    chosen = report.chosen
    if chosen.info is None:
        yield f"Programs get no device ({report.wish}): {chosen.problem}"
    else:
        yield f"Programs get {chosen.info.name}, {chosen.info.adapter} ({report.wish}): {chosen.info.reason}"
    yield "All well." if report.healthy else "Something is wrong; see above."


def _device_lines(finding: Finding) -> Iterator[str]:
    info = finding.info
    if info is None:
        yield f"{finding.name:<16} not available: {finding.problem}"
        return
    yield f"{finding.name:<16} {info.adapter}"
    if info.driver:
        yield _row("driver", f"{info.driver}, through {info.backend}")
    if info.name == "webgpu":
        yield _row("computes on", "CPU cores (software adapter)" if info.caps.software else "the GPU")
        yield _row("features", ", ".join(info.features) or "none")
        yield _row("subgroups of", f"{info.caps.subgroup_size} invocations" if info.caps.subgroup_size else "none")
        yield _row("largest buffer", f"{info.caps.max_buffer_bytes:,} bytes, bound {info.caps.max_binding_bytes:,}")
        yield _row(
            "workgroups",
            f"{info.caps.max_workgroup_size} invocations, {info.caps.max_workgroup_bytes:,} bytes, "
            f"{info.caps.max_storage_buffers} buffers",
        )
    verdict = f"FAILED: {finding.problem}" if finding.problem else f"right, in {finding.milliseconds:.1f} ms"
    yield _row("self-check", verdict)


def _row(label: str, text: str) -> str:
    return f"  {label:<14} {text}"
