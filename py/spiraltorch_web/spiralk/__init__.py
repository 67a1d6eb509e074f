"""SpiralK: a small language for rules that choose how a kernel is launched.

::

    # mk: 0=bitonic, 1=shared, 2=warp
    mk:   sel(sg && (k<=128), 2, sel(k<=2048, 1, 0));   # a hard rule: decided
    tile: sel(log2(c)>15.0, 2048, 1024);
    ctile: sel(tile>=1024, tile/2, tile);               # rules read what rules above assigned
    soft(mk, 2, 0.25, sg && (k<=128));                  # a hint: 0.25 for mk = 2 where the condition holds
    penalty_if(ch, 64, 0.1, c < 4096);                  # a hint against a value
    # device: nvidia h200
    soft(wg, 512, 0.3, true);                           # only on that adapter class
    # device: any

    program = st.spiralk.parse(text)
    said = program.evaluate(r=1024, c=65536, k=64, sg=True, sgc=32)
    said.hard                                           # {'mk': 2, 'tile': 2048, 'ctile': 1024}
    said.soft                                           # (Hint(field='mk', value=2, weight=0.25),)

**Where rules come from.** The environment variable ``SPIRAL_HEUR_K`` holds a program, and
``~/.spiraltorch/heur.kdsl`` (``SPIRAL_HEUR_FILE``) one rule a line; assignments of the variable count over those of
the file. A field that a hard rule assigns is launched so, or as near to it as the device can. A soft weight of 1
says: as good as twice as fast. ``python -m spiraltorch_web spiralk check FILE`` reads a program with care, ``explain
FILE --cols 65536 --k 64`` shows what it says about a launch, and ``python -m spiraltorch_web roundtable show`` which
rules have moved a decision.

**Fields** of Rank-K: ``mk`` how winners are found (0 bitonic: rows are sorted, 1 shared: a workgroup holds the row, 2
warp: a subgroup holds it, 3 stream: one read past a sampled threshold, 4 lane: a lane goes through the row by itself,
5 sweep: a workgroup samples the row, reads it once and finishes it), ``mkd`` how they get in order (0 auto, 1 heap, 2
kway, 3 bitonic, 4 warp_heap, 5 warp_bitonic, 6 buckets), ``tile`` columns loaded between two looks at the candidates,
``ctile`` slots for candidates, ``use_2ce`` whether rows are split over workgroups, or sweeps leave the finish to a
second launch, ``ch`` into how many chunks, ``wg`` invocations of a workgroup, ``kl`` entries that a lane keeps,
``mode_midk`` and ``mode_bottomk`` (0 as mk says, 1 in the workgroup, 2 stream). Of Fourier transforms: ``radix``,
``tile_cols`` points of one launch, ``segments`` lines of one workgroup. ``program.check()`` tells which values a field
has.

**Names.** ``r`` rows, ``c`` columns, ``k``, ``sg`` (1 with subgroups), ``sgc`` (their size, 1 without), ``kc`` (log2 of
k, rounded down), ``kind`` (0 top, 1 mid, 2 bottom), and every field of `Choice`, which has the value of the last rule
that assigned it, else that of ``evaluate(choice=…)``, else its default. An unknown name counts as 0, and a rule for
an unknown field says nothing; ``program.check()`` reports both.

**Operators**, from the loosest: ``||``, ``&&``, comparisons (which do not chain), ``+ -``, ``* /``, ``! -``.
**Functions**: ``sel(condition, a, b)``, ``log2``, ``clamp(x, low, high)``, ``min``, ``max``, ``abs``, ``floor``,
``ceil``. Everything is a float64 number; true is 1, and what is not 0 is true.

**No program fails.** A division by zero gives 0, and so does ``log2`` of what is not positive; what would overflow is
the largest float64 of its sign, so there is no infinity and no NaN. Values of fields are cut to integers within ±2^53.
The time is proportional to the length of the program. What is longer than 262,144 characters, nested deeper than 64
levels, or larger than 2^53 as a literal is refused when it is parsed.

**Files.** ``parse`` reads a whole program; ``parse_lines`` reads one rule per line, leaving out and reporting bad
lines. ``hard_rule``, ``soft_rule`` and ``penalty_rule`` make rules from values. ``program.format()`` prints text that
parses to an equal program.
"""

from __future__ import annotations

from ..errors import SpiralKError
from .build import all_of, compare, expression, hard_rule, penalty_rule, soft_rule
from .check import Finding
from .evaluate import Evaluation, Hint
from .explain import Explanation, Verdict
from .grammar import prepare
from .parse import Lines, parse, parse_expression, parse_lines, parse_rule_line
from .printer import expression_text, rule_text
from .program import Program
from .tree import Binary, Boolean, Call, Expression, HardRule, HintRule, Name, Number, Rule, Unary

__all__ = [
    "Binary",
    "Boolean",
    "Call",
    "Evaluation",
    "Explanation",
    "Expression",
    "Finding",
    "HardRule",
    "Hint",
    "HintRule",
    "Lines",
    "Name",
    "Number",
    "Program",
    "Rule",
    "SpiralKError",
    "Unary",
    "Verdict",
    "all_of",
    "compare",
    "expression",
    "expression_text",
    "hard_rule",
    "parse",
    "parse_expression",
    "parse_lines",
    "parse_rule_line",
    "penalty_rule",
    "prepare",
    "rule_text",
    "soft_rule",
]
