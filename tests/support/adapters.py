"""Which GPU ran which test: a green run must show that GPU tests ran, and on what."""

from __future__ import annotations

from collections import Counter

import pytest

PROPERTY = "adapter"


def note_adapter(node: pytest.Item, name: str) -> None:
    """Remember that a test uses this adapter; the summary counts tests per adapter."""
    if (PROPERTY, name) not in node.user_properties:
        node.user_properties.append((PROPERTY, name))


def count_adapters(reports) -> Counter:
    """Tests per adapter over the reports of a run (each test counted once, at its call)."""
    called = (report for report in reports if getattr(report, "when", None) == "call")
    return Counter(value for report in called for key, value in report.user_properties if key == PROPERTY)


def native_adapter_names() -> list[str]:
    """The adapters that wgpu sees."""
    import wgpu

    return [adapter.summary for adapter in wgpu.gpu.enumerate_adapters_sync()]
