"""What is made known of a verdict: flipped rows with what both arms said, one entry in the log, the verdict last."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests import ab_book
from tests.report.test_ab import verdict
from tunebook.core.verdict import RowEffect
from tunebook.verbs import ab as module
from tunebook.verbs.abtest.prepared import Course, prepare_test


@pytest.fixture
def parts(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    book = ab_book.make_book(tmp_path, base)
    monkeypatch.setattr(module, "remember", lambda book: None)
    prepared = prepare_test(book, 2, 3, seeds=3)
    rows = len(prepared.exam.rows)
    a, b = np.ones((2, rows), bool), np.ones((2, rows), bool)
    a[:, 0] = False
    b[0, 1] = False
    runs = [
        SimpleNamespace(
            answers={prepared.exam.key: (ab_book.logits(prepared.exam, a[n]), ab_book.logits(prepared.exam, b[n]))},
            sides=(SimpleNamespace(run=SimpleNamespace(history=[])),) * 2,
        )
        for n in (0, 1)
    ]
    extra = {**verdict().extra, "flipped": {"won": [0], "lost": [1]}}
    made = verdict(test=prepared.plan.id, a=2, b=3, effects=[], extra=extra, path=prepared.folder)
    return prepared, Course(runs), made


def test_flipped_rows_are_told_with_their_texts(parts: Any) -> None:
    prepared, course, made = parts
    found = module._texts(prepared, course.arm_scores(prepared), made)
    (won,), (lost,) = found["won"], found["lost"]
    names = prepared.book.data.labels.names
    true = names[int(prepared.exam.targets[0])]
    other = next(name for name in names if name != true)
    assert won["text"] == prepared.exam.rows.texts[0] and won["pair"] is None
    assert (won["true"], won["a"], won["b"]) == (true, f"{other} (2/2)", f"{true} (2/2)")
    assert lost["b"].endswith("(1/2)")


def test_a_run_without_a_model_says_nothing(parts: Any) -> None:
    prepared, course, _ = parts
    for run in course.pairs:
        run.answers = {key: (None, answers[1]) for key, answers in run.answers.items()}
    arm_scores, _ = course.arm_scores(prepared)
    assert module._commonest(arm_scores)(0) == "–"


def test_each_thing_is_logged_once(parts: Any) -> None:
    prepared, course, made = parts
    book = prepared.book
    before = len(book.log.entries())
    prepared = replace(prepared, owner="ann")
    module.publish(prepared, course, made)
    module.publish(prepared, course, made)
    assert book.log.entries()[-1].actor == "ann"
    assert len(book.log.entries()) == before + 1
    assert (prepared.folder / "report.html").is_file() and (prepared.folder / "verdict.json").is_file()
    effects = [RowEffect(row="learning_rate", effect=0.1, lower=0, upper=0.2, method="one_back")]
    for _ in range(2):
        module.publish(prepared, course, made.model_copy(update={"effects": effects}))
    module.publish(prepared, course, made)
    entries = book.log.entries()[before:]
    assert [len(entry.evidence["effects"]) for entry in entries] == [0, 1]
    told = [(item.name, item.held, item.reported) for item in made.guardrails]
    assert [tuple(item.values()) for item in entries[0].evidence["guardrails"]] == told != []
    assert (
        entries[0].evidence["test"] == prepared.plan.id and entries[0].table == 3 and entries[0].reason == made.reason
    )


def test_without_a_log_there_is_no_verdict(parts: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared, course, made = parts

    def full(self: Any, *args: Any, **more: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("tunebook.knowledge.log.ChangeLog.append", full)
    with pytest.raises(OSError):
        module.publish(prepared, course, made)
    assert not (prepared.folder / "verdict.json").exists(), "what has a verdict is complete"
