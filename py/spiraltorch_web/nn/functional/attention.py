"""Attention as functions of its inputs. Vaswani et al. 2017."""

from __future__ import annotations

import math

from ...tensor import Tensor, arange, dropout, where

__all__ = ["attention_weights", "causal_mask", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Tensor:
    """softmax(q·kᵀ·scale + mask)·v over [*, queries, d], [*, keys, d], [*, keys, e]; ``scale`` is 1/√d.

    A bool mask is True where a key takes part, as in PyTorch's function of this name; a float mask is added.
    """
    if is_causal:
        allowed = causal_mask(query.shape[-2], key.shape[-2])
        attn_mask = allowed if attn_mask is None else _restricted(attn_mask, allowed)
    return attention_weights(query, key, attn_mask, dropout_p, scale) @ value


def attention_weights(
    query: Tensor, key: Tensor, mask: Tensor | None = None, dropout_p: float = 0.0, scale: float | None = None
) -> Tensor:
    """The weights [*, queries, keys] with which each query reads each key."""
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = (query * factor) @ key.transpose(-2, -1)
    if mask is not None:
        scores = scores + mask if mask.dtype.kind == "f" else where(mask, scores, -math.inf)
    return dropout(scores.softmax(-1), dropout_p)


def causal_mask(queries: int, keys: int) -> Tensor:
    """bool [queries, keys]: True where the key is not later than the query."""
    return arange(keys).unsqueeze(0) <= arange(queries).unsqueeze(1)


def _restricted(mask: Tensor, allowed: Tensor) -> Tensor:
    return where(allowed, mask, -math.inf) if mask.dtype.kind == "f" else mask & allowed
