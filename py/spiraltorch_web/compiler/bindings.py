"""The buffers of one kernel: which are bound, how they are typed, and the text that loads and stores."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from ..dtypes import DType
from ..ir.node import Node
from .index import Index

# A place is where a stored node lives: an external slot number or, for a temporary, the node itself.
Place = Hashable


@dataclass
class Binding:
    """One bound buffer, or several for a buffer larger than one binding may be."""

    place: Place
    name: str
    dtype: DType
    size: int  # entries
    parts: int = 1
    part_size: int = 0  # entries of each part but the last
    read: bool = False
    written: bool = False
    vector: bool = True  # every store, and at least one load, takes four neighbours at once
    vector_load: bool = False
    told: set[bool] = field(default_factory=set)  # what texts have been written for

    @property
    def as_vectors(self) -> bool:
        return self.vector and self.vector_load and self.parts == 1 and self.size % 4 == 0 and self.dtype.itemsize == 4

    def tell(self) -> bool:
        """Whether the text of an access is to be one for vectors, as far as is known."""
        self.told.add(self.as_vectors)
        return self.as_vectors


class Bindings:
    """Collects a kernel's accesses in a first run of its generator. Where a later access changed how a buffer is typed,
    a second run writes the text.
    """

    def __init__(self, place_of: Callable[[Node], Place], max_binding_bytes: int) -> None:
        self.place_of = place_of
        self.max_bytes = max_binding_bytes // 256 * 256
        self.entries: dict[Place, Binding] = {}
        self.flats: list[Index] = []  # where the first run loads
        self.final = False

    def binding(self, node: Node) -> Binding:
        place = self.place_of(node)
        entry = self.entries.get(place)
        if entry is None:
            entry = Binding(place, f"b{len(self.entries)}", node.dtype, node.size)
            part = self.max_bytes // node.dtype.itemsize
            entry.parts, entry.part_size = max(1, -(-node.size // part)), part
            self.entries[place] = entry
        return entry

    @property
    def settled(self) -> bool:
        """Whether all texts were written for the types that the buffers have now."""
        return all(entry.told <= {entry.as_vectors} for entry in self.entries.values())

    def count(self) -> int:
        """How many storage buffers the kernel binds."""
        return sum(entry.parts for entry in self.entries.values())

    def load(self, node: Node, flat: Index, vectors: Callable[[str], str]) -> str:
        """The text of one loaded value. ``vectors`` turns the text of a vec4 load into a name, once per scope."""
        entry = self.binding(node)
        entry.read = True
        lane, base = flat.offset % 4, flat - flat.offset % 4
        grouped = base.divisible_by(4) and flat.low >= 0
        if not self.final:
            self.flats.append(flat)
            entry.vector_load |= grouped and bool(flat.terms)
        if entry.tell():
            if grouped:
                return _decode(f"{vectors(f'{entry.name}[{base // 4}]')}.{'xyzw'[lane]}", entry.dtype)
            return _decode(f"{entry.name}[({flat}) / 4u][({flat}) % 4u]", entry.dtype)
        if entry.parts > 1:
            return _decode(f"read_{entry.name}({flat})", entry.dtype)
        return _decode(f"{entry.name}[{flat}]", entry.dtype)

    def store(self, node: Node, flat: Index, value: str) -> str:
        """The statement that stores one value."""
        entry = self.binding(node)
        entry.written = True
        entry.vector = False
        entry.tell()
        value = _encode(value, entry.dtype)
        if entry.parts > 1:
            return f"write_{entry.name}({flat}, {value});"
        return f"{entry.name}[{flat}] = {value};"

    def store4(self, node: Node, flat: Index, values: Sequence[str]) -> list[str]:
        """The statements that store four neighbours, the first at ``flat``."""
        entry = self.binding(node)
        entry.written = True
        if not flat.divisible_by(4):
            entry.vector = False
        else:
            entry.vector_load = True
        encoded = [_encode(value, entry.dtype) for value in values]
        if entry.tell():
            return [f"{entry.name}[{flat // 4}] = vec4<{entry.dtype.storage}>({', '.join(encoded)});"]
        return [
            f"write_{entry.name}({flat + lane}, {value});"
            if entry.parts > 1
            else f"{entry.name}[{flat + lane}] = {value};"
            for lane, value in enumerate(encoded)
        ]

    def declarations(self) -> str:
        """The WGSL declarations, and the functions that find a part of a buffer in several bindings."""
        lines: list[str] = []
        number = 0
        for entry in self.entries.values():
            kind = f"vec4<{entry.dtype.storage}>" if entry.as_vectors else entry.dtype.storage
            mode = "read_write" if entry.written else "read"
            names = [entry.name] if entry.parts == 1 else [f"{entry.name}_{part}" for part in range(entry.parts)]
            for name in names:
                lines.append(f"@group(0) @binding({number}) var<storage, {mode}> {name}: array<{kind}>;")
                number += 1
            if entry.parts > 1:
                lines += self._part_functions(entry, names)
        return "\n".join(lines)

    def access(self) -> tuple[str, ...]:
        return tuple(
            "read_write" if entry.written else "read" for entry in self.entries.values() for _ in range(entry.parts)
        )

    def refs(self) -> list[tuple[Place, int, int]]:
        """(place, offset, bytes) per binding."""
        result = []
        for entry in self.entries.values():
            left, step = entry.size * entry.dtype.itemsize, entry.part_size * entry.dtype.itemsize
            for part in range(entry.parts):
                result.append((entry.place, part * step, max(4, min(step, left - part * step) + 3 & ~3)))
        return result

    def needs(self) -> frozenset[str]:
        return frozenset({"f16"} if any(entry.dtype.storage == "f16" for entry in self.entries.values()) else ())

    @staticmethod
    def _part_functions(entry: Binding, names: list[str]) -> list[str]:
        kind, size = entry.dtype.storage, entry.part_size
        lines = []
        if entry.read:
            lines.append(f"fn read_{entry.name}(i: u32) -> {kind} {{")
            lines += [
                f"  if (i < {(part + 1) * size}u) {{ return {name}[i - {part * size}u]; }}"
                for part, name in enumerate(names[:-1])
            ]
            lines.append(f"  return {names[-1]}[i - {(len(names) - 1) * size}u];\n}}")
        if entry.written:
            lines.append(f"fn write_{entry.name}(i: u32, value: {kind}) {{")
            lines += [
                f"  if (i < {(part + 1) * size}u) {{ {name}[i - {part * size}u] = value; return; }}"
                for part, name in enumerate(names[:-1])
            ]
            lines.append(f"  {names[-1]}[i - {(len(names) - 1) * size}u] = value;\n}}")
        return lines


def _decode(text: str, dtype: DType) -> str:
    if dtype.kind == "b":
        return f"({text} != 0u)"
    return f"f32({text})" if dtype.storage == "f16" else text


def _encode(text: str, dtype: DType) -> str:
    if dtype.kind == "b":
        return f"select(0u, 1u, {text})"
    return f"f16({text})" if dtype.storage == "f16" else text
