"""A value and why, in the words of whoever reads the table."""

from __future__ import annotations

import pytest

from tunebook.core.localized import localized
from tunebook.tables.advice import Advice


def test_a_reason_is_told_with_its_source_and_how_sure_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    advice = Advice(0.1, localized("propose.warmup"), localized("source.stability"), "high")
    sure, usual = advice.words, Advice(0.1, advice.reason, advice.source).words
    assert advice.reason in sure and advice.source in sure and sure != usual
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in localized("source.thumb"))


def test_advice_that_nobody_asked_for_may_be_taken_back() -> None:
    assert not Advice(1, "", "").asked and Advice(1, "", "", asked=True).asked
