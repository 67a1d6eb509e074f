"""`save` and `load`: tensors, state dicts and checkpoints to files and back, by the file's suffix."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..errors import ArgumentError, FileFormatError
from ..runtime.realize import read_values, read_values_async, upload
from ..tensor import Tensor, wrap
from ..zspace.manifolds import PoincareBall
from . import json_state, npy, safetensors, strict_json, tree
from .arrays import Array, as_points

__all__ = ["load", "load_metadata", "loads", "save", "save_async", "write_atomically"]

Arrays = dict[str, Array]

# The outline of a nested checkpoint, among the metadata of a safetensors file.
OUTLINE = "spiraltorch.outline"
# The curvature of each tensor whose rows are points of a Poincaré ball, likewise.
CURVATURES = "spiraltorch.curvatures"


@dataclass(frozen=True)
class Format:
    """How one kind of file is written and read, and whether it can say of which ball its rows are points."""

    encode: Callable[[Mapping[str, Array]], bytes]
    decode: Callable[[bytes], Arrays]
    holds_curvature: bool = False


def _encode_single(arrays: Mapping[str, Array]) -> bytes:
    if len(arrays) != 1:
        raise ArgumentError(f"a .npy file holds one tensor, got {len(arrays)}; use .npz or .safetensors")
    return npy.encode_npy(next(iter(arrays.values())))


def _decode_safetensors(data: bytes) -> Arrays:
    arrays, metadata = safetensors.decode(data)
    curvatures = strict_json.loads(metadata.get(CURVATURES, "{}").encode(), "curvatures")
    if not isinstance(curvatures, dict) or not set(curvatures) <= set(arrays):
        raise FileFormatError(f"curvatures of {str(curvatures)[:80]}, which the file does not hold")
    return arrays | {name: as_points(arrays[name], value, repr(name)) for name, value in curvatures.items()}


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        "safetensors": Format(safetensors.encode, _decode_safetensors, holds_curvature=True),
        "npz": Format(npy.encode_npz, npy.decode_npz),
        "npy": Format(_encode_single, lambda data: {"value": npy.decode_npy(data)}),
        "json": Format(json_state.encode, json_state.decode, holds_curvature=True),
    }
)


def save(value: Any, path: str | os.PathLike, metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors to a file; its suffix is ``.safetensors``, ``.npz``, ``.npy`` or ``.json``.

    ``value``: a state dict, a tensor, or anything with a ``state_dict()``. Into ``.safetensors`` also a checkpoint:
    nested dicts, lists and plain values around tensors, such as ``{"model": …, "optimizer": …, "epoch": 3}``; and
    ``metadata``. Parameters in a `zspace.PoincareBall` keep it in ``.safetensors`` and ``.json``. The file appears
    complete or not at all.
    """
    leaves, outline = _plan(value)
    arrays = _arrays(leaves, read_values(list(leaves.values())))
    write_atomically(Path(path), _encoded(arrays, outline, _format_of(path), metadata))


async def save_async(value: Any, path: str | os.PathLike, metadata: Mapping[str, str] | None = None) -> None:
    """As `save`, without blocking the event loop."""
    leaves, outline = _plan(value)
    arrays = _arrays(leaves, await read_values_async(list(leaves.values())))
    write_atomically(Path(path), _encoded(arrays, outline, _format_of(path), metadata))


def load(path: str | os.PathLike) -> Any:
    """What `save` wrote: a dict of tensors by name, a tensor from ``.npy``, or a checkpoint.

    Points of a ball come as parameters in it. Nothing in a file is executed. FileFormatError for a damaged or hostile
    file; then nothing was loaded.
    """
    format = _format_of(path)
    return loads(Path(path).read_bytes(), format)


def loads(data: bytes, format: str) -> Any:
    """As `load`, from bytes; ``format`` is "safetensors", "npz", "npy" or "json"."""
    if format not in FORMATS:
        raise ArgumentError(f"format is one of {', '.join(FORMATS)}, got {format!r}")
    arrays = FORMATS[format].decode(data)
    metadata = safetensors.decode_metadata(data) if format == "safetensors" else {}
    if OUTLINE in metadata:
        outline = strict_json.loads(metadata[OUTLINE].encode(), "checkpoint outline")
        tree.assemble(outline, arrays)  # a bad outline is refused before anything reaches the device
        return tree.assemble(outline, _tensors(arrays))
    return _tensors(arrays)["value"] if format == "npy" else _tensors(arrays)


def load_metadata(path: str | os.PathLike) -> dict[str, str]:
    """The metadata of a ``.safetensors`` file."""
    if _format_of(path) != "safetensors":
        raise ArgumentError(f"only .safetensors files have metadata, got {os.fspath(path)!r}")
    metadata = safetensors.decode_metadata(Path(path).read_bytes())
    return {name: text for name, text in metadata.items() if name not in (OUTLINE, CURVATURES)}


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by ``data``, so that no reader ever sees a part of it."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _format_of(path: str | os.PathLike) -> str:
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix in ("pt", "pth", "pkl", "pickle"):
        raise ArgumentError(
            f"{os.fspath(path)!r}: pickled files can run code and are not read; convert to .safetensors"
        )
    if suffix not in FORMATS:
        known = ", ".join(f".{name}" for name in FORMATS)
        raise ArgumentError(f"{os.fspath(path)!r}: the suffix says the format and is one of {known}")
    return suffix


def _plan(value: Any) -> tuple[dict[str, Tensor], object | None]:
    """Named tensors, and an outline if names alone do not say where they belong."""
    if callable(getattr(value, "state_dict", None)):
        value = value.state_dict()
    if isinstance(value, Tensor):
        return {"value": value}, None
    if isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, Tensor) for k, v in value.items()):
        return dict(value), None
    return tree.take_apart(value, Tensor)


def _tensors(arrays: Arrays) -> dict[str, Tensor]:
    return {name: _tensor(array) for name, array in arrays.items()}


def _tensor(array: Array) -> Tensor:
    result = wrap(upload(array.data, array.shape, array.dtype))
    if array.curvature is None:
        return result
    from ..nn.parameter import Parameter  # few files hold points

    return Parameter(result, False, PoincareBall(array.curvature))


def _curvature(tensor: Tensor) -> float | None:
    """That of the ball which a parameter lives in."""
    manifold = getattr(tensor, "manifold", None)
    return manifold.curvature if isinstance(manifold, PoincareBall) else None


def _arrays(leaves: Mapping[str, Tensor], read: list[memoryview]) -> Arrays:
    return {
        name: Array(tensor.dtype, tuple(tensor.shape), bytes(view.cast("B")[: tensor.nbytes]), _curvature(tensor))
        for (name, tensor), view in zip(leaves.items(), read, strict=True)
    }


def _encoded(arrays: Arrays, outline: object | None, format: str, metadata: Mapping[str, str] | None) -> bytes:
    curvatures = {name: array.curvature for name, array in arrays.items() if array.curvature is not None}
    if format == "safetensors":
        extra = {} if outline is None else {OUTLINE: strict_json.dumps(outline).decode()}
        if curvatures:
            extra[CURVATURES] = strict_json.dumps(curvatures).decode()
        return safetensors.encode(arrays, {**(metadata or {}), **extra})
    if outline is not None or metadata:
        what = "metadata" if metadata else "nested values"
        raise ArgumentError(f"a .{format} file cannot hold {what}; use .safetensors")
    if curvatures and not FORMATS[format].holds_curvature:
        raise ArgumentError(
            f"a .{format} file cannot hold the curvature of {next(iter(curvatures))!r}; use .safetensors or .json, or "
            "detach() the points"
        )
    return FORMATS[format].encode(arrays)
