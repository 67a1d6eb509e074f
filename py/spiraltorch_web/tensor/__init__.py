"""Tensors: lazy values with PyTorch's names. One module per family of operations.

``__all__`` is what `spiraltorch_web` offers at its top level beside the subpackages.
"""

# ruff: noqa: I001  several names a line: this is a list to look through
# fmt: off

from .activation import (
    elu, gelu, hardsigmoid, hardswish, hardtanh, leaky_relu, logsigmoid, mish, normalize, relu, relu6, selu, silu,
    softplus, softsign,
)
from .arithmetic import (
    add, bitwise_and, bitwise_left_shift, bitwise_or, bitwise_right_shift, bitwise_xor, eq, floor_divide, ge, gt, le,
    logical_and, logical_or, logical_xor, lt, maximum, minimum, mul, ne, remainder, sub,
)
from .composed import (
    addcdiv, addcmul, cdist, cosine_similarity, erfc, exp2, fmod, hypot, isclose, lerp, log10, log2, logaddexp,
    nan_to_num,
)
from .convolution import (
    adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool1d, avg_pool2d, conv1d, conv2d, conv3d,
    conv_transpose1d, conv_transpose2d, max_pool1d, max_pool2d,
)
from .core import Size, Tensor, wrap
from .creation import (
    arange, as_tensor, empty, empty_like, eye, from_numpy, full, full_like, linspace, logspace, meshgrid, ones,
    ones_like, tensor, tril_indices, zeros, zeros_like,
)
from .contraction import einsum
from .elementwise import (
    abs, acos, acosh, asin, asinh, atan, atan2, atanh, bitcast, bitwise_not, ceil, clamp, cos, cosh, div, erf, exp,
    expm1, floor, isfinite, isinf, isnan, log, log1p, logical_not, masked_fill, neg, pow, reciprocal, round, rsqrt,
    sigmoid, sign, sin, sinh, sqrt, square, tan, tanh, trunc, where,
)
from .indexing import (
    bincount, gather, index_add, index_select, masked_select, nonzero, scatter, scatter_add, take, take_along_dim,
    unique,
)
from .methods import install
from .joining import cat, cat_rows, chunk, hstack, narrow, pad, roll, split, stack, unbind, vstack
from .matrices import diag, diag_embed, diagonal, one_hot, trace, tril, triu
from .neural import dropout, embedding, layer_norm
from .products import addmm, bmm, dot, linear, matmul, mm, mv, outer, tensordot
from .random import (
    Generator, bernoulli, default_generator, manual_seed, multinomial, normal, rand, rand_like, randint, randn,
    randn_like, randperm,
)
from .reading import allclose, equal
from .reduction import (
    all, amax, amin, any, argmax, argmin, count_nonzero, log_softmax, logsumexp, max, mean, min, norm, prod, softmax,
    squared_l2_norm, std, sum, sum_axis0, var,
)
from .shaping import (
    broadcast_tensors, broadcast_to, expand, flatten, flip, movedim, permute, repeat, repeat_interleave, reshape,
    squeeze, t, tile, transpose, unflatten, unsqueeze,
)
from .strided import as_strided, nd_index
from .sorting import argsort, cumprod, cumsum, diff, median, msort, searchsorted, sort

install()

__all__ = [
    # activation
    "elu", "gelu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "logsigmoid", "mish", "normalize", "relu",
    "relu6", "selu", "silu", "softplus", "softsign",
    # arithmetic
    "add", "bitwise_and", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor", "eq",
    "floor_divide", "ge", "gt", "le", "logical_and", "logical_or", "logical_xor", "lt", "maximum", "minimum", "mul",
    "ne", "remainder", "sub",
    # composed
    "addcdiv", "addcmul", "cdist", "cosine_similarity", "erfc", "exp2", "fmod", "hypot", "isclose", "lerp",
    "log10", "log2", "logaddexp", "nan_to_num",
    # convolution
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_max_pool2d", "avg_pool1d", "avg_pool2d", "conv1d",
    "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "max_pool1d", "max_pool2d",
    # core
    "Size", "Tensor", "wrap",
    # creation
    "arange", "as_tensor", "empty", "empty_like", "eye", "from_numpy", "full", "full_like", "linspace", "logspace",
    "meshgrid", "ones", "ones_like", "tensor", "tril_indices", "zeros", "zeros_like",
    # contraction
    "einsum",
    # elementwise
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "bitcast", "bitwise_not", "ceil", "clamp",
    "cos", "cosh", "div", "erf", "exp", "expm1", "floor", "isfinite", "isinf", "isnan", "log", "log1p", "logical_not",
    "masked_fill", "neg", "pow", "reciprocal", "round", "rsqrt", "sigmoid", "sign", "sin", "sinh", "sqrt", "square",
    "tan", "tanh", "trunc", "where",
    # indexing
    "bincount", "gather", "index_add", "index_select", "masked_select", "nonzero", "scatter", "scatter_add", "take",
    "take_along_dim", "unique",
    # joining
    "cat", "cat_rows", "chunk", "hstack", "narrow", "pad", "roll", "split", "stack", "unbind", "vstack",
    # matrices
    "diag", "diag_embed", "diagonal", "one_hot", "trace", "tril", "triu",
    # neural
    "dropout", "embedding", "layer_norm",
    # products
    "addmm", "bmm", "dot", "linear", "matmul", "mm", "mv", "outer", "tensordot",
    # random
    "Generator", "bernoulli", "default_generator", "manual_seed", "multinomial", "normal", "rand", "rand_like",
    "randint", "randn", "randn_like", "randperm",
    # reading
    "allclose", "equal",
    # reduction
    "all", "amax", "amin", "any", "argmax", "argmin", "count_nonzero", "log_softmax", "logsumexp", "max", "mean",
    "min", "norm", "prod", "softmax", "squared_l2_norm", "std", "sum", "sum_axis0", "var",
    # shaping
    "broadcast_tensors", "broadcast_to", "expand", "flatten", "flip", "movedim", "permute", "repeat",
    "repeat_interleave", "reshape", "squeeze", "t", "tile", "transpose", "unflatten", "unsqueeze",
    # strided
    "as_strided", "nd_index",
    # sorting
    "argsort", "cumprod", "cumsum", "diff", "median", "msort", "searchsorted", "sort",
]
