"""Alignment and uniformity against the two lines of torch that their paper gives, and what is drawn of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tunebook.core.answers import Rows
from tunebook.core.judged import Judged
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.core.task import Spaces
from tunebook.tasks.embedding import space as own
from tunebook.tasks.embedding.space import alignment, space, uniformity

GRADED = Labels(problem="regression", low=0.0, high=5.0)
JUDGED = Labels(problem="relevance", low=0.0, high=1.0)


def vectors(count: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(count, 7)).astype(np.float32)


def of_texts(texts: Any) -> Any:
    """A vector of each text that hangs on nothing but the text."""
    return np.stack([np.random.default_rng([len(text), *map(ord, text)]).normal(size=7) for text in texts])


def torchs_alignment(x: Any, y: Any) -> float:
    x, y = (torch.nn.functional.normalize(torch.from_numpy(np.asarray(part)).double()) for part in (x, y))
    return float((x - y).norm(p=2, dim=1).pow(2).mean())


def torchs_uniformity(x: Any) -> float:
    x = torch.nn.functional.normalize(torch.from_numpy(np.asarray(x)).double())
    return float(torch.pdist(x, p=2).pow(2).mul(-2).exp().mean().log())


def test_both_are_those_of_the_paper(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = vectors(23), vectors(23, 1)
    assert alignment(x, y) == pytest.approx(torchs_alignment(x, y), rel=1e-6)
    assert alignment(x, 3 * x) == pytest.approx(0, abs=1e-12)
    whole = uniformity(x)
    assert whole == pytest.approx(torchs_uniformity(x), rel=1e-6)
    monkeypatch.setattr(own, "_BLOCK", 5)
    assert uniformity(x) == pytest.approx(whole, rel=1e-12)
    assert uniformity(np.ones((4, 3))) == pytest.approx(0, abs=1e-6)


def test_of_graded_pairs_the_best_fifth_belongs_together_and_each_text_counts_once() -> None:
    texts, seconds = ["a", "b", "c", "a"], ["x", "b", "y", "z"]
    rows = Rows(texts, seconds, np.array([4.0, 3.9, 5.0, 0.0], dtype=np.float32), list("1234"))
    found = space(rows, GRADED, of_texts)
    assert found == {
        "alignment": pytest.approx(torchs_alignment(of_texts(["a", "c"]), of_texts(["x", "y"]))),
        "uniformity": pytest.approx(torchs_uniformity(of_texts(["a", "b", "c", "x", "y", "z"]))),
    }


def judged(passages: int, relevant: float = 1.0) -> Rows:
    pairs = Judged(np.array([0, 0, 1]), np.array([0, 2, 1]), np.array([relevant, 0.0, relevant]), 2)
    names = [f"passage {number}" for number in range(passages)]
    return Rows(["q", "r"], None, pairs.matrix(), ["1", "2"], passages=names, passage_ids=names)


def test_of_queries_relevant_passages_belong_together_and_both_sides_are_spread() -> None:
    found = space(judged(3), JUDGED, of_texts)
    both = of_texts(["q", "r"]), of_texts(["passage 0", "passage 1"])
    assert found == {
        "alignment": pytest.approx(torchs_alignment(*both)),
        "uniformity": pytest.approx(torchs_uniformity(of_texts(["passage 0", "passage 1", "passage 2"]))),
        "uniformity_queries": pytest.approx(torchs_uniformity(both[0])),
    }


def test_what_there_is_too_little_of_has_no_figure_and_of_much_a_part_is_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(space(judged(3, 0.0), JUDGED, of_texts)) == {"uniformity", "uniformity_queries"}
    alone = Rows(["a"], ["a"], np.array([1.0], dtype=np.float32), ["1"])
    assert space(alone, GRADED, of_texts) == {}
    monkeypatch.setattr(own, "MOST", 5)
    asked: list[list[str]] = []
    first, again = (space(judged(40), JUDGED, lambda texts: asked.append(list(texts)) or of_texts(texts)) for _ in "12")
    assert max(map(len, asked)) == 5 and first == again
    assert isinstance(tasks()["embedding"](), Spaces)
