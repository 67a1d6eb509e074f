"""The WGSL of one pass: what a thread does with its points, written out so that they stay in registers."""

from __future__ import annotations

from .plan import Pass
from .tables import PassTable, listed_powers, root


class PassText:
    """Statements of one pass. ``points`` are the names of the thread's registers, in the order of their points."""

    def __init__(self, one: Pass, table: PassTable, swizzled: bool) -> None:
        self.one = one
        self.table = table
        self.swizzled = swizzled and one.length * one.segments > 32
        self.points = [f"v{i}" for i in range(one.values)]
        self.lines: list[str] = []
        self._names = 0

    def add(self, text: str) -> None:
        self.lines.append(text)

    def let(self, text: str) -> str:
        """A new name for an expression."""
        self._names += 1
        self.add(f"let n{self._names} = {text};")
        return f"n{self._names}"

    # --- lines --------------------------------------------------------------------------------------------------

    def place(self, name: str, across: bool) -> None:
        """Which line and which of its points a thread works on: ``NAME_line``, ``_segment``, ``_t``, ``_row`` …"""
        one = self.one
        segment, t = (
            (f"thread % {one.segments}u", f"thread / {one.segments}u")
            if across
            else (f"thread / {one.threads}u", f"thread % {one.threads}u")
        )
        self.add(f"let {name}_segment = {segment};")
        self.add(f"let {name}_t = {t};")
        self.add(f"let {name}_line = group_ix * {one.segments}u + {name}_segment;")
        self.add(f"let {name}_any = min({name}_line, {one.lines - 1}u);")
        rest = f"{name}_any"
        parts = [(f"{name}_digit{number}", digit.count) for number, digit in enumerate(one.digits)]
        for part, count in reversed([*parts, (f"{name}_column", one.columns)]):
            self.add(f"let {part} = {f'{rest} % {count}u' if count > 1 else '0u'};")
            rest = self.let(f"{rest} / {count}u") if count > 1 else rest
        self.add(f"let {name}_row = {rest};")

    def base(self, name: str, outward: bool) -> str:
        """The place along the axis of the thread's first point."""
        one = self.one
        terms = [
            f"{name}_digit{number} * {digit.step_out if outward else digit.step_in}u"
            for number, digit in enumerate(one.digits)
        ]
        stride = one.stride_out if outward else one.stride_in
        return self.let(" + ".join((*terms, f"{name}_t * {stride}u")))

    # --- butterflies --------------------------------------------------------------------------------------------

    def stages(self, first: str, rest: str) -> None:
        """All butterflies; threads are placed as ``first`` before the first exchange and as ``rest`` after it."""
        done, place = 1, first
        for stage, radix in enumerate(self.one.radices):
            if stage:
                self._factors(stage, done, radix, place)
            self._butterflies(radix)
            if stage < len(self.one.radices) - 1:
                self._exchange(done, radix, place, rest)
                place = rest
            done *= radix

    def _taken(self, butterfly: int, radix: int) -> list[int]:
        """Which registers a butterfly works on."""
        step = self.one.values // radix
        return [butterfly + q * step for q in range(radix)]

    def _factors(self, stage: int, done: int, radix: int, place: str) -> None:
        known: dict[int, list[str]] = {}
        for butterfly in range(self.one.values // radix):
            offset = self.one.threads * butterfly % done
            if offset not in known:
                known[offset] = self._powers(stage, done, radix, offset, place)
            for q, register in enumerate(self._taken(butterfly, radix)):
                if q:
                    name = self.points[register]
                    self.add(f"{name} = product({name}, {known[offset][q]});")

    def _powers(self, stage: int, done: int, radix: int, offset: int, place: str) -> list[str]:
        """Names of w⁰, w¹, … for the factors of one butterfly: entries of the table or products of two of them."""
        listed = listed_powers(radix)
        rows = (len(listed) + 1) // 2
        row = self.let(f"{self.table.stages[stage]}u + {rows}u * (({place}_t & {done - 1}u) + {offset}u)")
        pairs = [self.let(f"table[{row} + {number}u]") for number in range(rows)]
        powers = {power: f"{pairs[number // 2]}.{('xy', 'zw')[number % 2]}" for number, power in enumerate(listed)}
        for power in range(3, radix):
            if power not in powers:
                large = max(known for known in listed if known < power)
                powers[power] = self.let(f"product({powers[large]}, {powers[power - large]})")
        return ["", *(powers[power] for power in range(1, radix))]

    def _butterflies(self, radix: int) -> None:
        for butterfly in range(self.one.values // radix):
            registers = self._taken(butterfly, radix)
            if radix == 16:
                self._sixteen(registers)
            else:
                self.add(f"transform{radix}({', '.join(f'&{self.points[r]}' for r in registers)});")

    def _sixteen(self, registers: list[int]) -> None:
        """4 · 4: transforms of every fourth point, factors, transforms of neighbours; results change their names."""
        names = [self.points[r] for r in registers]
        for c in range(4):
            self.add(f"transform4({', '.join(f'&{names[c + 4 * q]}' for q in range(4))});")
        for c in range(1, 4):
            for q in range(1, 4):
                name = names[c + 4 * q]
                self.add(f"{name} = product({name}, {literal(root(c * q, 16))});")
        for q in range(4):
            self.add(f"transform4({', '.join(f'&{names[4 * q + c]}' for c in range(4))});")
        for q in range(4):
            for k in range(4):
                self.points[registers[q + 4 * k]] = names[4 * q + k]

    # --- exchanges ----------------------------------------------------------------------------------------------

    def address(self, name: str, k: str) -> str:
        """Where point ``k`` of the thread's line lies in workgroup memory."""
        one, segment = self.one, f"{name}_segment"
        flat = f"({k}) * {one.segments}u + {segment}" if one.across_out else f"{segment} * {one.length}u + ({k})"
        return self.let(f"spread({flat})")

    def constant(self, k: int) -> int:
        """What to combine (xor) an address with to get to the point ``k`` further, bits of both being apart."""
        return self.spread(k * self.one.segments if self.one.across_out else k)

    def spread(self, a: int) -> int:
        """The same as the function `spread` of the shader."""
        for shift, mask in self.spreading():
            a ^= (a >> shift) & mask if shift else 0
        return a

    def spreading(self) -> tuple[tuple[int, int], ...]:
        """(shift, mask) of the bits that choose another bank; found by counting conflicts of 32 banks."""
        if not self.swizzled:
            return ()
        if not self.one.across_out:
            return ((5, 31), (3, 28))
        return ((3, 28),) if self.one.across_in else ((6, 31), (7, 31), (3, 28))

    def _exchange(self, done: int, radix: int, place: str, then: str) -> None:
        one = self.one
        if one.threads == 1:
            self._rename(done, radix)
            return
        spot = f"(({place}_t & {~(done - 1) & 0xFFFFFFFF}u) * {radix}u) | ({place}_t & {done - 1}u)"
        write = self.address(place, f"{place}_t * {radix}u" if done == 1 else spot)
        read = self.address(then, f"{then}_t")
        self.through_memory({self.constant(k): name for k, name in self._results(done, radix)}, write, read)

    def _results(self, done: int, radix: int) -> list[tuple[int, str]]:
        """(place, register) of what the thread's butterflies gave, as seen from the thread's first one."""
        found = []
        for butterfly in range(self.one.values // radix):
            j = self.one.threads * butterfly
            for q, register in enumerate(self._taken(butterfly, radix)):
                found.append((j // done * done * radix + j % done + q * done, self.points[register]))
        return found

    def _rename(self, done: int, radix: int) -> None:
        """A thread that has the whole line needs no memory to exchange points."""
        self.points = [name for _, name in sorted(self._results(done, radix))]

    def through_memory(self, written: dict[int, str], write: str, read: str) -> None:
        """Points go to ``write ^ constant`` and those of the thread's own places come back into ``points``."""
        one = self.one
        fresh = [f"v{i}" for i in range(one.values)]
        half = one.length * one.segments
        own = [self.constant(one.threads * i) for i in range(one.values)]
        parts = (("x", 0), ("y", half if one.together else 0))
        if one.together:
            self.add("workgroupBarrier();")
            for part, offset in parts:
                for constant, name in written.items():
                    self.add(f"held[({write} ^ {constant}u) + {offset}u] = {name}.{part};")
            self.add("workgroupBarrier();")
            for name, constant in zip(fresh, own, strict=True):
                self.add(f"{name} = vec2<f32>(held[{read} ^ {constant}u], held[({read} ^ {constant}u) + {half}u]);")
        else:
            # Registers keep their second part until it is written, so both parts come back under new names first.
            back: list[list[str]] = []
            for part, _ in parts:
                self.add("workgroupBarrier();")
                for constant, name in written.items():
                    self.add(f"held[{write} ^ {constant}u] = {name}.{part};")
                self.add("workgroupBarrier();")
                back.append([self.let(f"held[{read} ^ {constant}u]") for constant in own])
            for name, x, y in zip(fresh, *back, strict=True):
                self.add(f"{name} = vec2<f32>({x}, {y});")
        self.points = fresh


def literal(value: complex) -> str:
    """A WGSL constant."""
    return f"vec2<f32>({value.real!r}, {value.imag!r})"
