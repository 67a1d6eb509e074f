"""Relations that stream through a bounded ring, blend by coherence, and are painted while they do."""

from .canvas import FractalCanvas
from .images import relation_from_image
from .ring import Fold, FractalPatch, UringFractalScheduler

__all__ = ["Fold", "FractalCanvas", "FractalPatch", "UringFractalScheduler", "relation_from_image"]
