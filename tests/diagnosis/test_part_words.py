"""Conditions in words: no key stands in them, and what is kept is read in the reader's language."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.core.localized import Localized
from tunebook.core.nouns import Interval, read_json, write_json
from tunebook.diagnosis.cause import Cause
from tunebook.diagnosis.part_words import part_words, slice_words
from tunebook.diagnosis.records import Part, Slice

SHARE = Interval(value=0.25, low=0.2, high=0.3)


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (Part(sort="label", value="a"), "class a"),
        (Part(sort="column", name="shop", value="x"), "shop = x"),
        (Part(sort="column", name="shop", value=""), "shop is empty"),
        (Part(sort="file", value="a.csv"), "from a.csv"),
        (Part(sort="length", value="3 – 9"), "3 – 9 characters"),
        (Part(sort="language", value="zh"), "language: Chinese"),
        (Part(sort="words", value="late"), "the word “late” occurs"),
        (Part(sort="reading", value="cut"), "end not read"),
        (Part(sort="form", value="emoji"), "with emoji"),
        (Part(sort="form", value="annotators"), "annotators disagree"),
    ],
)
def test_conditions_in_words(part: Part, words: str) -> None:
    assert part_words(part) == words
    both = Slice(parts=[part, part], rows=1, errors=1, share=SHARE, rest=SHARE, p_value=1)
    assert slice_words(both) == f"{words} and {words}"


def test_kept_words_are_said_in_the_readers_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [Part(sort="form", value="digit"), Part(sort="column", name="shop", value="x")]
    said = slice_words(Slice(parts=parts, rows=1, errors=1, share=SHARE, rest=SHARE, p_value=1))
    assert isinstance(said, Localized) and said == "with digits and shop = x"
    write_json(Cause(key="slice", side="data", share=SHARE, what=said), tmp_path / "cause.json")
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert read_json(Cause, tmp_path / "cause.json").what == "含数字，并且shop = x"
