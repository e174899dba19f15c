"""Other ways than fine-tuning are told where they were measured to be as good and cheap, and only there."""

from __future__ import annotations

import pytest

from tunebook.tables import cheaper as module
from tunebook.tables.cheaper import Cheaper, best, cheaper, in_short


def way(**more: object) -> Cheaper:
    return Cheaper(**{"name": "A", "rows": 500, "sets": 6, "even": 4, "share": 0.1, **more})  # type: ignore[arg-type]


def test_the_way_that_is_even_most_often_is_chosen() -> None:
    assert best([way(), way(name="B", even=5), way(name="C", even=5, share=0.05)]) == way(name="C", even=5, share=0.05)
    assert best([way(even=2)]) is None, "it is surely worse on most sets"
    assert best([way(share=0.3)]) is None, "it is not cheap"
    assert best([way(sets=2, even=2)]) is None, "two sets say little"
    assert best([]) is None


def test_what_is_shipped_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = cheaper()
    assert found is None or (found.even <= found.sets and 0 < found.share <= module.COSTS)


def test_a_result_in_short() -> None:
    def peers(cost: float, low: float) -> dict[str, object]:
        gains = {"value": low + 0.02, "low": low, "high": low + 0.04}
        return {
            "tunebook": {"processor_seconds": 100.0},
            "tfidf": {"processor_seconds": cost, "tunebook_gains": gains},
            "fasttext": {"failed": "x"},
        }

    sets = [{"set": "a", "peers": peers(10.0, 0.01)}, {"set": "b", "peers": peers(20.0, -0.01)}]
    found = in_short({"runs": [{"rows": 500}], "sets": sets}, {"tfidf": "TF-IDF", "fasttext": "fastText"})
    assert found == [Cheaper("TF-IDF", 500, 2, 1, 0.15)], "who gave no answer is not told"
