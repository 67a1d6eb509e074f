"""The fold in float64."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def fold(patches: Sequence[tuple[np.ndarray, float, float, int]]) -> np.ndarray:
    """Σ w·R/‖R‖ / Σ w of (relation, coherence, tension, depth) with w = coherence / (1 + tension) · 2^(−depth/8)."""
    shallowest = min(depth for *_, depth in patches)
    total, result = 0.0, 0.0
    for relation, coherence, tension, depth in patches:
        weight = coherence / (1.0 + tension) * 2.0 ** (-(depth - shallowest) / 8.0)
        norm = np.linalg.norm(relation.astype(np.float64))
        total += weight
        result = result + (weight * relation / norm if norm > 0 else 0.0 * relation.astype(np.float64))
    return result / total
