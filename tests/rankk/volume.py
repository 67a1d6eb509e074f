"""Many rows through every family of Rank-K launches, judged on the device. Also runs in Pyodide, without NumPy."""

from dataclasses import replace
from itertools import count, cycle, islice

from spiraltorch_web.kernels.rankk import Choice, Merge, Order, RankKind, RankProblem, legal_choices, repair
from spiraltorch_web.runtime.session import session
from spiraltorch_web.tuning.inputs import DISTRIBUTIONS, matrix
from spiraltorch_web.tuning.measure import Contest

# (kind, rows, cols, k): short rows in great number, then around the cliffs of what subgroups and workgroups hold.
PROBLEMS = (
    (RankKind.TOPK, 8000, 33, 4),
    (RankKind.BOTTOMK, 8000, 128, 128),
    (RankKind.MIDK, 2000, 250, 9),
    (RankKind.TOPK, 400, 1025, 70),
    (RankKind.BOTTOMK, 60, 4096, 300),
    (RankKind.MIDK, 10, 20001, 33),
    (RankKind.TOPK, 10, 40000, 600),
)
MATRICES = 2  # for each problem, of different distributions


def one_of_each_family(problem):
    """A choice of every way to find and to order winners, also of those that software adapters do not try."""
    families = {}
    sizes, caps = (problem.kind, problem.rows, problem.cols, problem.k), session().device.caps
    for choice in legal_choices(*sizes, caps):
        families.setdefault((choice.mk, choice.mkd), choice)
    held = next((choice for choice in families.values() if choice.mk == Merge.SHARED), None)
    if held is not None:
        families.setdefault((held.mk, Order.BUCKETS), replace(held, mkd=Order.BUCKETS))
    sweeps = (repair(Choice(mk=Merge.SWEEP, wg=128, use_2ce=split), *sizes, caps)[0] for split in (False, True))
    return list(dict.fromkeys((*families.values(), *(sweep for sweep in sweeps if sweep.mk == Merge.SWEEP))))


def check(problems=PROBLEMS, share=1):
    """(rows that were checked, what was wrong) with that share of the rows."""
    names = cycle(DISTRIBUTIONS)
    seeds = count()
    checked, wrong = 0, []
    for kind, rows, cols, k in problems:
        problem = RankProblem(kind, max(1, rows // share), cols, k)
        matrices = [(name, matrix(name, problem.rows, cols, next(seeds))) for name in islice(names, MATRICES)]
        with Contest(problem, matrices[0][1]) as contest:
            for choice in one_of_each_family(problem):
                entrant = contest.enter(choice)
                for name, entries in matrices:
                    found = contest.wrong(entrant, entries)
                    checked += problem.rows
                    if found:
                        wrong.append(f"{found} of {problem.rows} rows: {problem} {name} {choice}")
                contest.drop(entrant)
    return checked, wrong
