"""Rows whose targets are marked places: the places go with the texts."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tunebook.bundle.spans import TRUE, Spans
from tunebook.challenge.changed import change, check_kind
from tunebook.challenge.perturbation import perturbations
from tunebook.core.errors import DataError
from tunebook.core.hooks import SENTENCES
from tunebook.core.nouns import DataRef, Labels, Roles
from tunebook.core.task import Rows
from tunebook.data.cleaning import chosen_rules

NAMES = ("Anna", "Oslo", "New York", "Ben")


def data(problem: str, task: str = "tagging") -> DataRef:
    stats: dict[str, Any] = {"cleaning": {"rules": chosen_rules()}, "language": "en"}
    labels = Labels(problem=problem, names=["PER", "LOC"])
    return DataRef(
        task=task, path=Path(), sources={}, roles=Roles(text="text"), labels=labels, rows={}, content="", stats=stats
    )


def tagged() -> Rows:
    """Sentences with their names marked."""
    draw = random.Random(3)
    texts = [*SENTENCES, *(f"{draw.choice(NAMES)}, we found it {text}." for text in SENTENCES)]
    spans: list[tuple[int, int, int, int]] = []
    for row, text in enumerate(texts):
        for name in NAMES:
            at = text.find(name)
            while at >= 0:
                spans.append((row, at, at + len(name), name in ("Oslo", "New York")))
                at = text.find(name, at + 1)
    spans.sort()
    columns = (np.array(column, dtype=np.int64) for column in zip(*spans, strict=True))
    row, start, end, label = columns
    made = Spans(row, start, end, label, np.ones(len(row)), np.zeros((len(texts), 4), dtype=np.int64))
    return Rows(texts, None, made.matrix(TRUE), [str(number) for number in range(len(texts))])


@pytest.mark.parametrize("key", perturbations())
def test_marked_places_hold_the_same_names(key: str) -> None:
    how, rows = perturbations()[key](), tagged()
    found = change(rows, data("spans"), how, 0)
    assert found.rows.targets is not None
    assert len(found.rows) + found.unchanged == len(rows)
    for number, place in enumerate(found.places.tolist()):
        old, new = rows.texts[place], found.rows.texts[number]
        said = names(new, found.rows.targets[number])
        assert [name.casefold() for name in said] == [name.casefold() for name in names(old, rows.targets[place])]
        assert new != old


def names(text: str, target: np.ndarray) -> list[str]:
    return [text[start:end] for start, end, _ in target[1 : 1 + 3 * int(target[0])].reshape(-1, 3).tolist()]


@pytest.mark.parametrize("problem", ["passages", "extracts", "turns"])
def test_other_targets_are_refused(problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tunebook.challenge import changed

    flags = dict.fromkeys(("of_words", "of_passages", "of_preferences"), False)
    kind = SimpleNamespace(**{**flags, "of_chats": (), "places_in": "text"})
    setattr(kind, {"passages": "of_passages", "extracts": "places_in", "turns": "of_chats"}[problem], "pair")
    monkeypatch.setattr(changed, "column_kind", lambda problem: kind)
    with pytest.raises(DataError, match=r"challenge\.task"):
        check_kind(data("spans", "other"), "run")


def test_what_cleaning_undoes_is_no_change() -> None:
    """Two spaces become one again."""
    from tunebook.challenge.kinds.suffix import Suffix

    rows = Rows(["good"], None, np.array([0]), ["1"])
    found = change(rows, data("single_label", "text_classification"), Suffix(), 0)
    assert len(found.rows) == 1
    blank = SimpleNamespace(key="blank", languages=frozenset(), pairs="one", inside=False)
    blank.edits = lambda text, language, draw: [(len(text), len(text), "  ")]
    assert change(rows, data("single_label", "text_classification"), blank, 0).unchanged == 1  # type: ignore[arg-type]
