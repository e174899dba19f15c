"""Rating studies without models, and raters that are drawn: what the tests of human rating stand on."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from tunebook.core.nouns import write_json
from tunebook.rating.draw import assigned
from tunebook.rating.session import Session
from tunebook.rating.store import Given
from tunebook.rating.study import FILE, FOLDER, PAIRS, SCORES, Differing, Item, Question, RatedRun, Study


def make_study(rows: int = 20, runs: int = 2, kinds: tuple[str, ...] = (PAIRS,), **given: Any) -> Study:
    """A study of rows `r0`, `r1` ... in which every two runs differ; questions `overall`, and more where given."""
    items = []
    for row in range(rows):
        text, more = f"text {row}", {"slices": {"language": "zh" if row % 2 else "en"}}
        answers = [f"answer {run} of {row}" for run in range(runs)]
        if PAIRS in kinds:
            items += [
                Item(
                    key=f"p{row}-{a}{b}", row=f"r{row}", text=text, kind="pairs", answers=[answers[a], answers[b]],
                    runs=[[a], [b]], **more,
                )
                for a, b in combinations(range(runs), 2)
            ]  # fmt: skip
        if SCORES in kinds:
            items += [
                Item(
                    key=f"s{row}-{a}", row=f"r{row}", text=text, kind="scores", answers=[answers[a]], runs=[[a]], **more
                )
                for a in range(runs)
            ]
    keys = given.pop("keys", ("overall",))
    return Study(
        task="text_classification", split="validation", content="rows",
        runs=[RatedRun(run=f"run{place}", table=f"t{place}", plan=f"p{place}", model="m") for place in range(runs)],
        questions=[Question(key=key, words={"en": f"{key}?", "zh": f"{key}？"}) for key in keys],
        differing=[Differing(a=a, b=b, differ=rows, rows=2 * rows) for a, b in combinations(range(runs), 2)],
        items=items, created="2026-12-01T00:00:00+00:00", **given,
    )  # fmt: skip


def make_session(book: Path, study: Study | None = None, **given: Any) -> Session:
    """A study in the folder of a book."""
    study = study or make_study(**given)
    folder = book / FOLDER / study.id
    folder.mkdir(parents=True, exist_ok=True)
    write_json(study, folder / FILE)
    return Session(folder)


def rate_all(session: Session, rater: str, gain: float = 0.0, seed: int = 0) -> None:
    """A rater who judges everything: of pairs the later run wins by a logit of `gain`; points grow with the run."""
    rng = np.random.default_rng([seed, *map(ord, rater)])
    given = []
    for shown in assigned(session.study, rater):
        item = shown.item
        if item.kind == PAIRS:
            better = int(rng.random() < 1 / (1 + np.exp(-gain)))  # which answer of the item
            value = "1" if better == shown.left else "2"
        else:
            value = str(int(np.clip(rng.integers(2, 5) + gain * item.runs[0][0], 1, 5)))
        for key in session.study.keys:
            given.append(Given(rater=rater, item=item.key, question=key, value=value, left=shown.left))
    session.store.give(given)
