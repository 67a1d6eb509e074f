"""Embeddings: a trainable vector per index."""

from __future__ import annotations

from ..errors import ArgumentError
from ..runtime.session import grad_mode
from ..tensor import Tensor, arange, where, zeros
from . import functional, init
from .module import Module
from .naming import named
from .parameter import Parameter

__all__ = ["Embedding"]


@named
class Embedding(Module):
    """Rows of ``weight`` [num_embeddings, embedding_dim] by index: integers […] to […, embedding_dim].

    What becomes of an index outside 0 … num_embeddings − 1: see `spiraltorch_web.embedding`.
    Rows start normal with standard deviation 1. The row ``padding_idx`` starts as zeros and gets no gradient.
    """

    def __init__(self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ArgumentError(f"padding_idx={padding_idx} is no row of {num_embeddings}")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.weight = Parameter(zeros(num_embeddings, embedding_dim))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with grad_mode(False):
                row = arange(self.num_embeddings).unsqueeze(1)
                self.weight.copy_(where(row == self.padding_idx, 0.0, self.weight))

    def forward(self, x: Tensor) -> Tensor:
        return functional.embedding(x, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"
