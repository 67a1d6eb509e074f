"""Numbers as JSON has them."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any) -> Any:
    """A number, or a list of such, with "nan", "inf" and "-inf" for what JSON has no number for."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if math.isfinite(value) else str(value)
