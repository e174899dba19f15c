"""What an auto's winner is held against: baselines that cost next to nothing, and the luck of the best of N.

The habit: train N tables once, take the best. To see what it is worth, the choice is made again and again from the
runs that there are. Each time one run of every table is drawn, and as many validation rows as there are, with
replacement; the best of the tables on these is the choice, if it beats the champion's run there. It is judged against
the champion on the rows that were not drawn (about 37 in 100), by the mean of its runs that did not choose. A table
with a single run is judged by that run again, on other rows: its luck of the seed is in both, so for such tables the
habit looks better here than it is.

`seen` and `kept` are means, and the judging rows' own chance averages out of them. The share `no_better` has it inside:
it tends to one half where the gains are small against what so many rows can tell.

Source: the rows that are left out of a bootstrap sample judge what it chose (Efron and Tibshirani, 1997, the .632+
bootstrap); Cawley and Talbot, JMLR 11, 2010 (what choosing by a noisy score costs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.files import part_of
from tunebook.verbs.abtest.scored import ArmScores, scores_of_arm
from tunebook.verbs.racing.budget import RaceContext
from tunebook.verbs.racing.race import lead, ranked
from tunebook.verbs.racing.state import CHAMPION, BaselineScore, BestOfN, Candidate, PurchaseWatcher

Score = Callable[[NDArray[np.int64]], float]  # the metric of one run on rows with these numbers
DRAWS, _FEWEST, _WORK = 2000, 200, 3e8  # row scores that may be looked up in all
_FILE = "baselines.npz"


def measure_best_of_n(context: RaceContext) -> BestOfN | None:
    """What the best of N by one run each would have been worth, from the answers of the race."""
    state = context.state_file.state
    arm_scores = {item.name: context.candidate_scores(item) for item in state.candidates if item.scores}
    scorers = {name: found.scorers(state.spec.metric) for name, found in arm_scores.items() if found is not None}
    champion = scorers.pop(CHAMPION, [])
    groups = context.exam.groups
    units = np.arange(len(context.exam.rows)) if groups is None else groups
    return best_of_n(champion, list(scorers.values()), units)


def best_of_n(
    champion: Sequence[Score], others: Sequence[Sequence[Score]], units: NDArray[Any], seed: int = 0, most: int = DRAWS
) -> BestOfN | None:
    """What the choice of the best of `others` by one run each is worth.

    Args:
        champion: the metric of each of its runs; `others` those of each table that ran against it.
        units: the group of each validation row, shape (N,), the row itself where there are none: they are drawn whole.
        seed: of the draws; `most` their number, where the rows are not very many.

    Returns:
        None where nothing can be judged: no other table, or fewer than two groups.
    """
    parts = _Parts(units)
    rows = len(units)
    if not champion or not others or len(parts) < 2:
        return None
    draw = np.random.default_rng(seed)
    calls = 1 + len(others) + 2 * max(len(runs) for runs in (champion, *others))
    draws = int(np.clip(_WORK / (rows * calls), min(_FEWEST, most), most))
    found = np.array([gains for _ in range(draws) if (gains := _choice(champion, others, parts, draw)) is not None])
    found = found.reshape(-1, 2)
    seen, kept = (_middle(column) for column in (found[:, 0], found[:, 1]))
    return BestOfN(
        tries=len(others),
        draws=draws,
        picked=len(found) / draws,
        no_better=float((found[:, 1] <= 0).mean()) if len(found) else 0.0,
        seen=seen[0], seen_low=seen[1], seen_high=seen[2],
        kept=kept[0], kept_low=kept[1], kept_high=kept[2],
        single=sum(len(runs) == 1 for runs in others),
    )  # fmt: skip


class _Parts:
    """The groups of the rows, to be drawn whole; units as `best_of_n` takes them."""

    def __init__(self, units: NDArray[Any]) -> None:
        _, code, self.sizes = np.unique(units, return_inverse=True, return_counts=True)
        self.order = np.argsort(code, kind="stable")
        self.starts = np.cumsum(self.sizes) - self.sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def rows(self, chosen: NDArray[Any]) -> NDArray[Any]:
        """Row numbers of these groups, one after the other."""
        sizes = self.sizes[chosen]
        ends = np.cumsum(sizes)
        places = np.repeat(self.starts[chosen] - (ends - sizes), sizes) + np.arange(sizes.sum())
        found: NDArray[Any] = self.order[places]
        return found


def _choice(
    champion: Sequence[Score], others: Sequence[Sequence[Score]], parts: _Parts, draw: np.random.Generator
) -> tuple[float, float] | None:
    """The gain by which a table was chosen, and its gain elsewhere; None where the champion's run was the best."""
    taken = draw.integers(len(parts), size=len(parts))
    drawn, left = parts.rows(taken), parts.rows(np.flatnonzero(np.bincount(taken, minlength=len(parts)) == 0))
    tables = (champion, *others)
    one = [int(draw.integers(len(runs))) for runs in tables]
    scores = [runs[place](drawn) for runs, place in zip(tables, one, strict=True)]
    best = int(np.nanargmax(scores)) if np.isfinite(scores).any() else 0
    if not best or not len(left):
        return None
    elsewhere = [_mean(tables[place], one[place], left) for place in (0, best)]
    found = (float(scores[best] - scores[0]), elsewhere[1] - elsewhere[0])
    return found if np.isfinite(found).all() else None


def _mean(runs: Sequence[Score], but: int, rows: NDArray[Any]) -> float:
    """Mean score of all runs but one, or of that one where there is no other."""
    rest = [run for place, run in enumerate(runs) if place != but] or list(runs)
    return float(np.mean([run(rows) for run in rest]))


def _middle(values: NDArray[Any]) -> tuple[float, float, float]:
    """Mean, 5 % and 95 % points; zeros where there are none."""
    if not len(values):
        return 0.0, 0.0, 0.0
    low, high = np.quantile(values, (0.05, 0.95))
    return float(values.mean()), float(low), float(high)


def buy_baselines(context: RaceContext) -> None:
    """Score the cheap models on the validation rows, once, and keep their answers.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    from tunebook.verbs.steps.answers import baseline_answers

    state = context.state_file.state
    if state.baselines:
        return
    found = baseline_answers(context.plans[CHAMPION], context.book.data, "validation", context.meter)
    logits: dict[str, Any] = {name: np.asarray(item.logits, dtype=np.float32) for name, item in found.items()}
    with part_of(context.state_file.folder / _FILE) as part, part.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **logits)
    scores = [
        BaselineScore(
            name=name,
            score=float(_arm_scores(context, logits[name], 1).scores(state.spec.metric)[0]),
            seconds=item.seconds,
        )
        for name, item in found.items()
    ]
    state = context.state_file.write(baselines=scores, seconds=context.meter.spent)
    if isinstance(context.meter.inner, PurchaseWatcher):
        for score in scores:
            context.meter.inner.bought(state, score.name)


def best_table(context: RaceContext) -> Candidate:
    """The table of the race that scores best: its winner, or the champion."""
    state = context.state_file.state
    winner = state.finalist
    return ranked([state.champion, *([winner] if winner else [])])[0]


def hold_against(context: RaceContext) -> None:
    """Say what each baseline gains over the best table by the same rows, with an interval as that of a lead."""
    state, table = context.state_file.state, best_table(context)
    arm_scores = context.candidate_scores(table)
    path = context.state_file.folder / _FILE
    if arm_scores is None or not path.is_file():
        return
    with np.load(path) as stored:
        logits = {name: np.asarray(stored[name]) for name in stored.files}
    compared = [
        _compared(context, item, table, (arm_scores, _arm_scores(context, logits[item.name], len(arm_scores.logits))))
        for item in state.baselines
    ]
    context.state_file.write(baselines=compared)


def _compared(
    context: RaceContext, item: BaselineScore, table: Candidate, arm_scores: tuple[ArmScores, ArmScores]
) -> BaselineScore:
    spec = context.state_file.state.spec
    found = lead(*arm_scores, spec.metric, spec.alpha)
    return item.model_copy(update={"against": table.name, "seeds": len(arm_scores[0].logits), **found})


def _arm_scores(context: RaceContext, logits: Any, runs: int) -> ArmScores:
    """Answers of a baseline, as often as a table has runs: it has no seed."""
    return scores_of_arm(context.book.data, context.exam, [logits] * runs)


__all__ = ["DRAWS", "Score", "best_of_n", "best_table", "buy_baselines", "hold_against", "measure_best_of_n"]
