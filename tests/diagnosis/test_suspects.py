"""Suspected labels: flipped ones are found, sound ones mostly left alone."""

from __future__ import annotations

import numpy as np
import pytest
from tests.diagnosis.planted import looked, with_answers
from tests.diagnosis.worlds import FAULTS, healthy

from tunebook.core.errors import MachineError
from tunebook.core.nouns import Interval, Labels
from tunebook.data.label_cells import Form, label_parts
from tunebook.diagnosis import suspects as module
from tunebook.diagnosis.alike import alike
from tunebook.diagnosis.looked import Looked
from tunebook.diagnosis.records import Suspects
from tunebook.diagnosis.suspects import (
    doubted,
    estimated,
    one_class,
    own_suspects,
    own_suspects_of_several,
    several_classes,
    suspects,
    training_suspects,
)


def noisy(seed: int = 0, rows: int = 400, classes: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True classes, labels of which a tenth is flipped, and probabilities that are mostly right."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, rows)
    labels = np.where(rng.random(rows) < 0.1, (true + rng.integers(1, classes, rows)) % classes, true)
    logits = rng.normal(size=(rows, classes)) + 4 * np.eye(classes)[true]
    chances = np.exp(logits)
    return true, labels, chances / chances.sum(1, keepdims=True)


def test_flipped_labels_are_found() -> None:
    true, labels, chances = noisy()
    places = doubted(labels, chances)
    flipped = np.flatnonzero(true != labels)
    assert len(set(places) & set(flipped)) >= 0.8 * len(flipped)
    assert len(set(places) & set(flipped)) >= 0.7 * len(places)
    own = chances[places, labels[places]]
    assert (np.diff(own) >= -1e-12).all()


def test_a_class_without_rows_and_one_alone() -> None:
    _, labels, chances = noisy(1)
    wide = np.insert(chances, 2, 0.0, axis=1)
    assert (doubted(labels + (labels >= 2), wide) == doubted(labels, chances)).all()
    assert len(doubted(np.zeros(50, dtype=int), np.ones((50, 2)) / 2)) == 0


def test_suspects_of_a_split() -> None:
    true, labels, chances = noisy(2)
    seen = looked(true, labels, "abcd")
    assert one_class(seen, 400)
    assert not one_class(seen, 10)
    assert {one.suggestion for one in own_suspects(seen).found} <= set("abcd")
    found = suspects(seen, ("validation", seen.rows), "run", chances)
    assert found.rows == 400
    assert found.share.value == pytest.approx(len(found.found) / 400)
    first = found.found[0]
    row = int(first.row[1:])
    assert (first.label, first.suggestion) == ("abcd"[labels[row]], "abcd"[chances[row].argmax()])
    assert (first.sure, first.own) == (chances[row].max(), chances[row, labels[row]])


def test_of_several_labels_the_one_that_is_wrong_is_found() -> None:
    rng, names = np.random.default_rng(5), ["a, b", "room", "food"]
    true = rng.random((500, 3)) < 0.4
    flipped = rng.random(500) < 0.08
    given = true.copy()
    given[flipped, 1] ^= True
    answers = (rng.normal(size=(500, 3)) + np.where(true, 4, -4)).astype(np.float32)
    seen = with_answers(answers, given.astype(np.float32), Labels(problem="multi_label", names=names))
    assert several_classes(seen, 500) and not several_classes(seen, 10) and not one_class(seen, 500)
    found = own_suspects_of_several(seen)
    rows = [int(one.row[1:]) for one in found.found]
    assert len(set(rows) & set(np.flatnonzero(flipped))) >= 0.9 * max(flipped.sum(), len(rows))
    assert found.share.value == pytest.approx(len(rows) / 500) and found.rows == 500
    assert [one.own for one in found.found] == sorted(one.own for one in found.found)
    hits = [(row, one) for row, one in zip(rows, found.found, strict=True) if flipped[row]]
    for row, one in hits:
        said = [[name for name, has in zip(names, side[row], strict=True) if has] for side in (given, true)]
        assert label_parts(one.label, Form("multi_label")) == said[0], "as a file of corrections has it"
    right = [
        label_parts(one.suggestion, Form("multi_label")) == np.array(names)[true[row]].tolist() for row, one in hits
    ]
    assert np.mean(right) > 0.9


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MachineError) as caught:
        doubted(np.zeros(4, dtype=int), np.ones((4, 2)))
    assert caught.value.code == "errors.cleanlab"


def test_training_rows_are_judged_by_folds_of_a_frozen_model(monkeypatch: pytest.MonkeyPatch) -> None:
    true, labels, _ = noisy(3)
    seen = looked(true, labels, "abcd")
    vectors = (np.eye(6)[true] + np.random.default_rng(0).normal(scale=0.2, size=(400, 6))).astype(np.float32)
    monkeypatch.setattr(Looked, "load", lambda self, split: seen.rows)
    monkeypatch.setattr(module, "frozen", lambda run, rows, progress: vectors)
    found = training_suspects(seen)
    flipped = {f"r{row}" for row in np.flatnonzero(true != labels)}
    told = {one.row for one in found.found}
    assert (found.split, found.how, found.rows) == ("train", "folds", 400)
    assert len(told & flipped) >= 0.8 * len(flipped)
    assert len(told & flipped) >= 0.8 * len(told)
    monkeypatch.setattr(module, "TRAIN", 100)
    monkeypatch.setattr(module, "frozen", lambda run, rows, progress: vectors[[int(row[1:]) for row in rows.ids]])
    assert training_suspects(seen).rows == 100


def test_the_share_of_wrong_labels_stands_beside_the_suspects() -> None:
    """Of hard rows that a run errs on none is counted; where labels are wrong it is their share."""
    share = Interval(value=0.3, low=0.2, high=0.4)
    parts = [Suspects(split="validation", how="run", rows=300, share=share),
             Suspects(split="train", how="folds", rows=400, share=share)]  # fmt: skip
    for world, wrong in ((healthy(), 0.0), (FAULTS["noise"](healthy()), 0.2)):
        seen = world.seen()
        found = [one.wrong for one in estimated(parts, seen)]
        assert found == [seen.once(alike).labels.judged.rate, seen.once(alike).labels.learnt.rate]
        assert [one.value for one in found if one is not None] == pytest.approx([wrong, wrong], abs=0.07)
    assert estimated([], seen) == []
