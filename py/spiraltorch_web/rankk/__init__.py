"""Rank-K: the k largest, middle or smallest entries of every row, planned once and exact everywhere.

::

    values, indices = st.topk(x, 10)                    # the last axis of any tensor
    plan = st.plan_topk(rows=8, cols=65_536, k=1_024)
    print(plan["choice"], plan["reasons"])
    values, indices = plan.execute(matrix)
"""

from __future__ import annotations

from ..kernels.rankk.candidates import legal_choices
from ..kernels.rankk.choice import Choice, RankKind
from ..tuning.caps import DeviceCaps
from .describe import plan_topk
from .executors import CpuExecutor, RankKExecutor, WebGpuExecutor, execute_rank
from .plan import RankPlan
from .planner import Planner, plan_rank, planner
from .script import parse_unison_script, to_unison_script
from .select import bottomk, midk, topk

# The language lies above the kernels, so a choice gets this method here.
Choice.to_unison_script = to_unison_script

__all__ = [
    "Choice",
    "CpuExecutor",
    "DeviceCaps",
    "Planner",
    "RankKExecutor",
    "RankKind",
    "RankPlan",
    "WebGpuExecutor",
    "bottomk",
    "execute_rank",
    "legal_choices",
    "midk",
    "parse_unison_script",
    "plan_rank",
    "plan_topk",
    "planner",
    "to_unison_script",
    "topk",
]
