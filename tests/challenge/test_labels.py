"""The sentences that were judged by hand are those that perturbations make today."""

from __future__ import annotations

import pytest
from benchmarks.challenge_labels import LANGUAGES, made, shares, table


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_changed_sentence_was_judged(language: str) -> None:
    found = shares(language)
    assert {kind: item["stale"] for kind, item in found.items() if item["stale"]} == {}
    assert sum(item["judged"] for item in found.values()) == len(made(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hundred_sentences_of_two_sentiments(language: str) -> None:
    rows = table(f"challenge_labels_{language}.csv")
    assert len({row["text"] for row in rows}) == 100
    assert [row["label"] for row in rows].count("positive") == 50
