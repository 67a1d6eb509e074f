"""Gradients of a validation loss with respect to hyper-parameters of training, through the graph.

Learning rates, weight decay, weights of examples, the strength of an augmentation: whatever the update is a
differentiable function of. `unrolled` is exact for a given number of updates; `implicit` is for an inner problem that
is solved, and needs no trajectory.
"""

from .implicit import ImplicitGradient, implicit
from .unrolled import UnrolledGradient, unrolled

__all__ = ["ImplicitGradient", "UnrolledGradient", "implicit", "unrolled"]
