"""The baselines of an auto: bought before any training, and held against the best table at the end."""

from __future__ import annotations

from typing import Any

import numpy as np

from tunebook.core.files import part_of
from tunebook.verbs.abtest.marks import Marks, marks_of
from tunebook.verbs.racing.desk import Desk
from tunebook.verbs.racing.race import lead, ranked
from tunebook.verbs.racing.state import CHAMPION, BaselineScore, Buys, Candidate

_FILE = "baselines.npz"


def buy_baselines(desk: Desk) -> None:
    """Score the cheap models on the validation rows, once, and keep their answers.

    Raises:
        MachineError: scikit-learn is not installed.
    """
    from tunebook.verbs.steps.baselines import cheap_answers

    state = desk.diary.state
    if state.baselines:
        return
    found = cheap_answers(desk.plans[CHAMPION], desk.book.data, "validation", desk.meter)
    logits: dict[str, Any] = {name: np.asarray(item.logits, dtype=np.float32) for name, item in found.items()}
    with part_of(desk.diary.folder / _FILE) as part, part.open("wb") as stream:
        np.savez_compressed(stream, allow_pickle=False, **logits)
    scores = [
        BaselineScore(
            name=name,
            score=float(_marks(desk, logits[name], 1).scores(state.spec.metric)[0]),
            seconds=item.seconds,
        )
        for name, item in found.items()
    ]
    state = desk.diary.write(baselines=scores, seconds=desk.meter.spent)
    if isinstance(desk.meter.inner, Buys):
        for score in scores:
            desk.meter.inner.bought(state, score.name)


def best_table(desk: Desk) -> Candidate:
    """The table of the race that scores best: its winner, or the champion."""
    state = desk.diary.state
    winner = state.finalist
    return ranked([state.champion, *([winner] if winner else [])])[0]


def hold_against(desk: Desk) -> None:
    """Say what each baseline gains over the best table by the same rows, with an interval as that of a lead."""
    state, table = desk.diary.state, best_table(desk)
    marks = desk.marks_of(table)
    path = desk.diary.folder / _FILE
    if marks is None or not path.is_file():
        return
    with np.load(path) as stored:
        logits = {name: np.asarray(stored[name]) for name in stored.files}
    compared = [
        _compared(desk, item, table, (marks, _marks(desk, logits[item.name], len(marks.logits))))
        for item in state.baselines
    ]
    desk.diary.write(baselines=compared)


def _compared(desk: Desk, item: BaselineScore, table: Candidate, marks: tuple[Marks, Marks]) -> BaselineScore:
    spec = desk.diary.state.spec
    found = lead(*marks, spec.metric, spec.alpha)
    return item.model_copy(update={"against": table.name, "seeds": len(marks[0].logits), **found})


def _marks(desk: Desk, logits: Any, runs: int) -> Marks:
    """Answers of a baseline, as often as a table has runs: it has no seed."""
    return marks_of(desk.book.data, desk.exam, [logits] * runs)


__all__ = ["best_table", "buy_baselines", "hold_against"]
