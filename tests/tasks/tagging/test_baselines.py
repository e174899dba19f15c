"""Cheap taggers: what the dictionary finds and what not, and a CRF that learns from words and their neighbours."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tests.engine.test_fit import plan
from tests.tasks.tagging import made
from tunebook.bundle.pieces import END, START
from tunebook.bundle.spans import SAID, Spans
from tunebook.core.answers import Rows
from tunebook.core.errors import MachineError
from tunebook.core.hooks import BaselineInput
from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.tagging.baselines import crf, look_up, words_of

LABELS = Labels(problem="spans", names=["PER", "LOC"])


def rows(texts, spans=None, words=None):
    return Rows(texts, None, None if spans is None else made.targets(spans), texts, words=words)


def said(answers):
    spans = Spans.of(answers, SAID)
    return list(zip(*(item.tolist() for item in (spans.row, spans.start, spans.end, spans.label)), strict=True))


def given():
    sizes = (("train", 80, 0), ("validation", 10, 1), ("test", 30, 2))
    parts = {name: made.rows(count, seed) for name, count, seed in sizes}
    ref = DataRef(path=Path(), roles=Roles(text="text"), labels=made.LABELS, sources={}, rows={}, content="c")
    planned = plan().model_copy(update={"labels": made.LABELS, "task": "tagging"})
    return BaselineInput(planned, ref, "test", parts, lambda texts: np.zeros((len(texts), 1), np.float32))


def test_words_are_those_that_texts_are_cut_into():
    text = "Bob's 北京a1, naïve カ한"
    pieces = words_of(rows([text, ""]))
    found = [text[start:end] for start, end in zip(pieces.flat[START], pieces.flat[END], strict=True)]
    assert found == ["Bob's", "北", "京", "a1", ",", "naïve", "カ", "한"] and pieces.lengths.tolist() == [8, 0]
    known = words_of(rows([text], words=[np.array([[0, 5], [6, 8]])]))
    assert known.flat[END].tolist() == [5, 8]


def test_the_longest_entry_is_found_with_its_commonest_type():
    train = rows(
        ["New York met York", "York", "York", "北京大学在北京"],
        [[(0, 8, 1), (13, 17, 0)], [(0, 4, 1)], [(0, 4, 1)], [(0, 4, 0), (5, 7, 1)]],
    )
    found = look_up(train, rows(["in New York", "Yorkshire York", "去北京大学", "", "new york"]))
    assert said(found) == [(0, 3, 11, 1), (1, 10, 14, 1), (2, 1, 5, 0)]
    scores = Spans.of(found, SAID)
    np.testing.assert_allclose(scores.score, [1, 2 / 3, 1])
    assert scores.read[:, 0].tolist() == [11, 14, 5, 0, 8]


def test_the_crf_learns_what_a_dictionary_cannot():
    """Entities of words that training has never seen, told by their neighbours and their shape."""
    names = ["Ann", "Bob", "Cid", "Dora", "Eve", "Fay", "Gil", "Hal"]
    train = rows(
        [f"we met {name} today" for name in names[:6]] * 3, [[(7, 7 + len(name), 0)] for name in names[:6]] * 3
    )
    asked = rows([f"we met {name} today" for name in names[6:]] + ["we met nobody"])
    assert said(crf(train, asked, LABELS)) == [(0, 7, 10, 0), (1, 7, 10, 0)]
    assert said(look_up(train, asked)) == []
    scores = Spans.of(crf(train, asked, LABELS), SAID).score
    assert ((scores > 0.5) & (scores <= 1)).all()
    assert Tagging().scores(crf(train, train, LABELS), train.targets, LABELS)["span_f1"] == 1


def test_a_missing_library_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "pycrfsuite", None)
    with pytest.raises(MachineError) as error:
        Tagging().baselines(given())
    assert error.value.code == "machine.extra" and error.value.key == "python-crfsuite"


def test_the_task_names_both():
    asked = given()
    answers = {name: answer() for name, answer in Tagging().baselines(asked).items()}
    targets = asked.rows["test"].targets
    scores = {name: Tagging().scores(found, targets, made.LABELS)["span_f1"] for name, found in answers.items()}
    assert list(scores) == ["dictionary", "crf"] and min(scores.values()) > 0.8
