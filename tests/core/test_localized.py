"""Sentences that are kept as data are read in the reader's language, whoever wrote them and in whichever version."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from tunebook.core.localized import STORED, Localized, in_all_languages, localized
from tunebook.core.messages import catalogue, say
from tunebook.core.nouns import TableRow


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "en")


def test_a_sentence_is_a_string() -> None:
    text = localized("search.reason", search="s", trial=1, trials=2, metric="accuracy", score="0.9", parent="0.8")
    assert text == say("search.reason", search="s", trial=1, trials=2, metric="accuracy", score="0.9", parent="0.8")
    assert type(text.upper()) is str
    with pytest.raises(KeyError):
        localized("no.such")


def test_what_one_wrote_another_reads_in_their_language(monkeypatch: pytest.MonkeyPatch) -> None:
    row = TableRow(value=1, reason=localized("propose.warmup"))
    stored = row.model_dump_json(context=STORED)
    assert TableRow.model_validate_json(stored).reason == catalogue()["propose.warmup"]["en"]
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    read = TableRow.model_validate_json(stored)
    assert read.reason == catalogue()["propose.warmup"]["zh"]
    assert json.loads(read.model_dump_json())["reason"] == read.reason, "for people: the text"
    again = json.loads(read.model_dump_json(context=STORED))["reason"]
    assert (again["say"], again["with"]) == ("propose.warmup", {})


def test_fields_may_be_sentences_and_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = localized("confidence.high")
    text = localized("recommend.because", reason="why", source=np.float64(0.5), confidence=inner)
    stored = json.loads(json.dumps(text.stored))
    assert stored["with"]["source"] == 0.5
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert catalogue()["confidence.high"]["zh"] in Localized.of(stored) and "why" in Localized.of(stored)


def test_the_words_of_people_stay_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    row = TableRow(value=1, reason="larger steps")
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert TableRow.model_validate_json(row.model_dump_json(context=STORED)).reason == "larger steps"
    assert in_all_languages("larger steps") == "larger steps"


@pytest.mark.parametrize(
    "stored",
    [
        {"say": "of.another.version", "with": {"a": 1}, "text": "as it was said"},
        {"say": "search.reason", "with": {}, "text": "as it was said"},  # its fields have changed since
    ],
)
def test_a_sentence_of_another_version_keeps_its_words(stored: dict[str, object]) -> None:
    found = Localized.of(stored)
    assert found == "as it was said" and found.stored == stored
    assert found.in_language("zh") == "as it was said"


def test_both_languages_can_be_searched() -> None:
    text = localized(
        "recommend.because", reason=localized("propose.warmup"), source="s", confidence=localized("confidence.high")
    )
    both = in_all_languages(text)
    assert all(catalogue()["propose.warmup"][name] in both for name in ("en", "zh"))


def test_copies_know_what_they_say() -> None:
    text = localized("propose.warmup")
    for other in (copy.deepcopy(text), pickle.loads(pickle.dumps(text)), TableRow(value=1, reason=text).reason):
        assert isinstance(other, Localized) and (other.code, other) == (text.code, text)


def test_the_hash_of_a_record_is_the_same_in_every_language(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = TableRow(value=1, reason=localized("propose.warmup")).model_dump_json(context=STORED)
    first = TableRow.model_validate_json(stored)
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    second = TableRow.model_validate_json(stored)
    assert first.reason != second.reason and first.id == second.id


def test_what_is_no_sentence_is_refused() -> None:
    with pytest.raises(ValueError, match="reason"):
        TableRow.model_validate({"value": 1, "reason": {"other": 1}})
