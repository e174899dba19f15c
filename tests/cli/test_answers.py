"""Answers on a screen: every one of them is seen, at any width."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.cells import cell_len
from tests import small

from tunebook.cli.answer import console
from tunebook.cli.answers import tell_answers
from tunebook.cli.predict import Asked, _told
from tunebook.core.nouns import Labels
from tunebook.tasks.instruction import Instruction
from tunebook.tasks.text_classification import TextClassification

TASK, LABELS = TextClassification(), Labels(problem="single_label", names=["a", "b"])


@pytest.mark.parametrize(
    ("row", "headings"),
    [
        ({"label": 2.5, "score": 2.5, "scores": {}}, ["Text", "Label"]),
        ({"label": "mid", "score": 1.2, "scores": {}}, ["Text", "Label", "Score"]),
        ({"label": "a", "score": 0.9, "scores": {"a": 0.9, "b": 0.1}}, ["Text", "Label", "Score", "Next", "best"]),
    ],
)
def test_no_column_repeats_another(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, row: dict[str, object], headings: list[str]
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    tell_answers(console(), [{"text": "a room", **row}], TASK, LABELS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == headings
    assert lines[-1].count("2.5") == (row["label"] == 2.5)


def test_what_a_model_writes_is_headed_as_an_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")
    row = {"text": "a room", "answer": "a hotel", "prompt": "a room", "tokens": 2, "stopped": True, "notes": []}
    tell_answers(console(), [row], Instruction(), Labels(problem="written"))
    assert capsys.readouterr().out.splitlines()[0].split() == ["Text", "Answer"]


LONG = "good item five and a rather bad one " * 3


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 120])
@pytest.mark.parametrize("label", ["good", "a label of five words", "退货与换货"])
def test_the_answer_is_always_seen(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: int,
    label: str,
) -> None:
    """Whatever the texts and the width: no line is wider than the screen, and no word of the answer is broken."""
    monkeypatch.setenv("COLUMNS", str(columns))
    answer = {"label": label, "score": 0.75, "scores": {label: 0.75, "other": 0.25}, "notes": []}
    tell_answers(
        console(), [{"line": 1, "text": LONG, "pair": "第二个文本" * 30, **answer}], TASK, LABELS, ("text", "pair")
    )
    lines = capsys.readouterr().out.splitlines()
    assert all(cell_len(line) <= columns for line in lines)
    flat = " ".join(" ".join(lines).split())
    assert "good item five" in flat and "第二个文本" in flat
    assert label in (flat if " " in label else "".join(flat.split())) and "0.750" in flat and "other 0.250" in flat


def test_what_is_left_out_of_a_text_is_told_as_such() -> None:
    plan = SimpleNamespace(task="tagging", params=small.filled())
    rows = [{"spans": [], "notes": ["rejected"]}, {"spans": [], "notes": []}]
    (told,) = _told(SimpleNamespace(plan=plan), rows, Asked(reject_below="0.5"))
    assert told == "Entities whose scores are below 0.5 were left out; texts that lost any: 1 of 2."


@pytest.mark.parametrize(
    ("problem", "texts", "told"),
    [
        ("spans", ["Ada", "ran", "", "Bob", "sat"], True),
        ("spans", ["Ada ran", "Bob", "sat", "down", "here"], False),
        ("spans", ["Ada", "Bob"], False),
        ("single_label", ["Ada", "ran", "", "Bob", "sat"], False),
    ],
)
def test_words_that_were_taken_for_texts_are_told(problem: str, texts: list[str], told: bool) -> None:
    labels = SimpleNamespace(problem=problem)
    run = SimpleNamespace(plan=SimpleNamespace(task="tagging", params=small.filled(), labels=labels))
    rows = [{"c1": text, "notes": []} for text in texts]
    found = _told(run, rows, Asked(file=Path("new.txt")))
    assert any(".conll" in line for line in found) == told
