"""Multi-head attention."""

from __future__ import annotations

import math

from ..errors import ArgumentError, ShapeError
from ..runtime.trace import guarded
from ..tensor import Tensor, where, zeros
from . import functional, init
from .linear import Linear
from .module import Module
from .naming import named
from .parameter import Parameter

__all__ = ["MultiheadAttention"]


@named
class MultiheadAttention(Module):
    """Queries read values by the likeness of their keys, in several heads. Vaswani et al. 2017.

    Inputs are [length, n, embed_dim], with ``batch_first`` [n, length, embed_dim], or without a batch
    [length, embed_dim]. Parameters as in PyTorch: ``in_proj_weight`` [3·embed_dim, embed_dim] (with kdim or vdim:
    ``q_proj_weight``, ``k_proj_weight``, ``v_proj_weight``), ``in_proj_bias``, ``out_proj``.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
    ) -> None:
        if embed_dim % num_heads:
            raise ArgumentError(f"num_heads={num_heads} does not divide embed_dim={embed_dim}")
        self.embed_dim = embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        kdim, vdim = kdim or embed_dim, vdim or embed_dim
        if kdim == vdim == embed_dim:
            self.in_proj_weight = Parameter(zeros(3 * embed_dim, embed_dim))
        else:
            self.in_proj_weight = None
            self.q_proj_weight = Parameter(zeros(embed_dim, embed_dim))
            self.k_proj_weight = Parameter(zeros(embed_dim, kdim))
            self.v_proj_weight = Parameter(zeros(embed_dim, vdim))
        self.in_proj_bias = Parameter(zeros(3 * embed_dim)) if bias else None
        self.out_proj = Linear(embed_dim, embed_dim, bias=bias)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values: Xavier uniform for the projections, zero biases."""
        for weight in self._projections():
            init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The output, and the weights [n, queries, keys] ([n, heads, …] unless averaged) when they are wanted.

        key_padding_mask [n, keys] and attn_mask [queries, keys] or [n·heads, queries, keys] are True where a key may
        not be read, or floats to add. ``is_causal`` hides later keys by itself.
        """
        batched = query.ndim == 3
        if query.ndim not in (2, 3):
            raise ShapeError(f"MultiheadAttention needs inputs with 2 or 3 axes, got {tuple(query.shape)}")
        heads = [self._heads(entry) for entry in self._project(query, key, value)]
        mask = self._mask(heads[0].shape, heads[1].shape[2], key_padding_mask, attn_mask, is_causal)
        rate = self.dropout if guarded(self, "training") else 0.0
        weights = functional.attention_weights(heads[0], heads[1], mask, rate)
        output = self.out_proj(self._merge(weights @ heads[2], batched))
        if not need_weights:
            return output, None
        shown = weights.mean(1) if average_attn_weights else weights
        return output, shown if batched else shown[0]

    def _projections(self) -> list[Parameter]:
        if self.in_proj_weight is not None:
            return [self.in_proj_weight]
        return [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]

    def _project(self, query: Tensor, key: Tensor, value: Tensor) -> list[Tensor]:
        """Queries, keys and values [n, length, embed_dim]."""
        inputs = [self._batch_first(entry) for entry in (query, key, value)]
        weights = self._projections()
        biases = [None] * 3 if self.in_proj_bias is None else self.in_proj_bias.chunk(3)
        if len(weights) == 1:
            if query is key and key is value:  # one product instead of three
                return list(functional.linear(inputs[0], weights[0], self.in_proj_bias).chunk(3, -1))
            weights = weights[0].chunk(3)
        return [functional.linear(*parts) for parts in zip(inputs, weights, biases, strict=True)]

    def _batch_first(self, x: Tensor) -> Tensor:
        if x.ndim == 2:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _heads(self, x: Tensor) -> Tensor:
        """[n, length, embed_dim] as [n, heads, length, embed_dim / heads]."""
        return x.reshape(x.shape[0], x.shape[1], self.num_heads, -1).transpose(1, 2)

    def _merge(self, x: Tensor, batched: bool) -> Tensor:
        """The heads side by side again, in the layout of the query."""
        merged = x.transpose(1, 2).reshape(x.shape[0], x.shape[2], self.embed_dim)
        if not batched:
            return merged[0]
        return merged if self.batch_first else merged.transpose(0, 1)

    def _mask(
        self, queries: tuple[int, ...], keys: int, padding: Tensor | None, mask: Tensor | None, is_causal: bool
    ) -> Tensor | None:
        """All masks as one float tensor to add to the scores [n, heads, queries, keys]."""
        parts: list[Tensor] = []
        if mask is not None:
            parts.append(
                _additive(mask if mask.ndim == 2 else mask.reshape(queries[0], self.num_heads, queries[2], keys))
            )
        elif is_causal:
            parts.append(_additive(~functional.causal_mask(queries[2], keys)))
        if padding is not None:
            parts.append(_additive(padding.reshape(-1, 1, 1, keys)))
        return sum(parts[1:], parts[0]) if parts else None

    def extra_repr(self) -> str:
        return f"embed_dim={self.embed_dim}, num_heads={self.num_heads}, batch_first={self.batch_first}"


def _additive(mask: Tensor) -> Tensor:
    """−∞ where a bool mask forbids; a float mask as it is."""
    return mask if mask.dtype.kind == "f" else where(mask, -math.inf, 0.0)
