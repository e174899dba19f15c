"""The page of challenge sets: failures first, what was skipped and why, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tunebook.challenge.record import Capability, Challenged, Example, worst_first
from tunebook.core.localized import localized
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.report.challenge import (
    brief_rows,
    cut_words,
    fall_text,
    headings,
    interval_text,
    name_of,
    tables,
    verdict,
    write_challenge_page,
)


def span(value: float) -> Interval:
    return Interval(value=value, low=value - 0.05, high=value + 0.05)


def capability(key: str, fall: float, *, failed: bool = False) -> Capability:
    example = Example(row="1", before="good <b>", after="godo", true="pos", said_before="pos", said_after="neg")
    return Capability(
        key=key, group="form", source="perturbation", rows=40, score=span(0.9 - fall), before=0.9, fall=span(fall),
        flipped=span(0.1), p_value=0.01, failed=failed, examples=[example] if failed else [],
    )  # fmt: skip


def made(metric: str = "accuracy", *, bad: bool = True) -> Challenged:
    few = localized("challenge.few", rows=3, least=10)
    skipped = Capability(key="emoji", group="distraction", source="perturbation", skipped=few)
    found = [skipped, capability("typos", 0.0), capability("casing", 0.2, failed=bad)]
    return Challenged(
        run="r", split="test", rows=40, metric=metric, score=span(0.9), seed=0, level=0.05,
        capabilities=worst_first(found),
    )  # fmt: skip


def test_failures_come_first_and_what_was_skipped_last() -> None:
    assert [item.key for item in made().capabilities] == ["casing", "typos", "emoji"]
    assert [item.key for item in made().failures] == ["casing"]


def test_texts_that_were_cut_before_they_were_changed_lose_nothing_by_it() -> None:
    found = made()
    assert cut_words(found) == ""
    longer, same = (one.model_copy(update={"cut": 9, "cut_before": 9}) for one in found.capabilities[:2])
    longer = longer.model_copy(update={"cut": 12})
    words = cut_words(found.model_copy(update={"capabilities": [longer, same]}))
    assert name_of(longer) in words and "12 of 40" in words and name_of(same) not in words


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page(language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    text = write_challenge_page(tmp_path / "page.html", made()).read_text(encoding="utf-8")
    for item in made().capabilities:
        assert name_of(item) in text
    assert "good &lt;b&gt;" in text
    assert str(localized("challenge.test_wears")) in text
    assert str(localized("challenge.few", rows=3, least=10)) in text
    assert verdict(made()) in text
    assert say("challenge.cuts") not in text
    cut = write_challenge_page(tmp_path / "page.html", made().model_copy(update={"cuts": True}))
    assert say("challenge.cuts") in cut.read_text(encoding="utf-8")


def test_figures_in_words() -> None:
    found = made()
    assert fall_text(found.capabilities[0], "accuracy") == "20.0 [15.0, 25.0]"
    assert fall_text(found.capabilities[1], "accuracy") == "0.0 [-5.0, 5.0]"
    assert fall_text(found.capabilities[0], "rmse") == "0.200 [0.150, 0.250]"
    assert fall_text(found.capabilities[2], "accuracy") == "–"
    assert interval_text(span(0.5)) == "0.500 [0.450, 0.550]"
    assert [row[-1] for row in brief_rows(found)] == ["✗", "✓", "–"]
    assert len(headings(found)) == len(brief_rows(found)[0])
    assert [len(one.rows) for one in tables(found)] == [2]


def test_the_sentence() -> None:
    assert "1 of 2" in verdict(made())
    assert "no capability" in verdict(made(bad=False)) and "measured: 2" in verdict(made(bad=False))
    assert verdict(made().model_copy(update={"capabilities": []})) == str(localized("challenge.nothing"))


def test_of_an_attack_nothing_is_proven() -> None:
    attack = capability("attack", 0.6).model_copy(update={"source": "attack", "p_value": None})
    praise = Capability(
        key="praise", group="meaning", source="perturbation", expects="positive", rows=40, met=span(0.9)
    )
    found = made().model_copy(update={"capabilities": [attack, praise]})
    assert [row[-1] for row in brief_rows(found)] == ["–", "✓"]
    assert [row[-1] for row in tables(found)[0].rows] == ["–", str(localized("challenge.held"))]
    assert "90.0%" in brief_rows(found)[1][3]


def test_a_template_has_no_before(tmp_path: Path) -> None:
    """It stands in a table of its own, and its examples show one text with one answer."""
    example = Example(row="but-0", before="a b", after="a b", true="pos", said_before="neg", said_after="neg")
    but = Capability(
        key="but", group="template", source="template", rows=60, score=span(0.6), before=0.9, met=span(0.6),
        failed=True, examples=[example],
    )  # fmt: skip
    found = made(bad=False).model_copy(update={"capabilities": [but, capability("typos", 0.0)]})
    changed, alone = tables(found)
    assert [len(changed.rows), len(alone.rows)] == [1, 1] and alone.rows[0][-2:] == (0.9, say("challenge.lacks"))
    assert say("challenge.before") in [column.heading for column in changed.columns]
    assert say("challenge.before") not in [column.heading for column in alone.columns]
    assert tables(found.model_copy(update={"capabilities": [but]})) == [alone]
    page = write_challenge_page(tmp_path / "page.html", found).read_text(encoding="utf-8")
    assert page.count("a b") == 1 and say("challenge.alone_examples", count=1) in page
    assert "1 of 2 capabilities" in verdict(found)
