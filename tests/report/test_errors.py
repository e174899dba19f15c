"""The page of errors: every part in words, in both languages."""

from __future__ import annotations

import pytest

from tunebook.core.nouns import Interval
from tunebook.diagnosis.cause import Cause
from tunebook.diagnosis.records import (
    Cluster,
    Confusion,
    Errors,
    Halves,
    Near,
    Part,
    Slice,
    Slices,
    SpanErrors,
    Strangeness,
    Suspect,
    Suspects,
    Wrong,
)
from tunebook.report.errors import (
    cluster_name,
    cluster_table,
    interval_words,
    p_words,
    percent,
    unasked_words,
    unserious,
    verdict,
    view,
    wrong_words,
)
from tunebook.report.page import render

SHARE = Interval(value=0.25, low=0.2, high=0.3)


def whole(**more: object) -> Errors:
    """Errors with one of each."""
    half = Halves(key="cut", rows=4, share=SHARE, errors_with=SHARE, errors_without=SHARE, difference=SHARE)
    given: dict[str, object] = {
        "run": "r1", "split": "validation", "content": "c", "rows": 40, "measure": "accuracy", "errors": SHARE,
        "wrong": 10,
        "confusions": [Confusion(true="a", said="b", count=3, of=9, share=SHARE, expected=0.5, p_value=0.01)],
        "spans": [SpanErrors(sort="missed", count=3, share=SHARE, ids=["x1"])],
        "slices": Slices(searched=7, found=[Slice(parts=[Part(sort="words", value="<refund>")], rows=9, errors=3,
            share=SHARE, rest=SHARE, p_value=0.0001, ids=["x1", "x2", "x3", "x4", "x5"])]),
        "clusters": [Cluster(words=["late", "refund"], rows=5, share=SHARE), Cluster(words=[], rows=3, share=SHARE)],
        "worst": [Wrong(row="x1", text="a <b> text", pair="another", true="a", said="b", score=0.9, strange=0.99,
            cut=True, unknown=2, doubt="b", near=[Near(row="t7", text="near", label="b", likeness=0.8)])],
        "suspects": [Suspects(split="validation", how="run", rows=40, share=SHARE, found=[
            Suspect(row="x1", split="validation", text="t", label="a", suggestion="b", sure=0.9, own=0.1)])],
        "reading": [half, Halves(key="unknown", rows=0, share=SHARE)],
        "strange": Strangeness(neighbours=10, auc=SHARE, beyond=half.model_copy(update={"key": "strange"})),
        "missing": {"clusters": "no library"},
    }  # fmt: skip
    return Errors.model_validate({**given, **more})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_suspects_stand_beside_the_share_that_is_wrong(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    part = whole().suspects[0]
    assert wrong_words(part) == ""
    told = part.model_copy(update={"wrong": Interval(value=0.031, low=0.0, high=0.12)})
    assert "3.1% (0.0% – 12.0%)" in wrong_words(told)
    assert wrong_words(told) in render("errors.html.j2", **view(whole(suspects=[told]), {}))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_parts_are_shown(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    page = render("errors.html.j2", **view(whole(), {}))
    for part in ("causes", "slices", "confusions", "spans", "clusters", "reading", "suspects", "rows", "limits"):
        assert f'<section id="{part}">' in page
        assert f'href="#{part}"' in page
    assert "&lt;refund&gt;" in page
    assert "a &lt;b&gt; text" in page
    assert "x3\u00a0…" in page
    assert "x4" not in page.split('id="confusions"')[0]
    assert "no library" in page
    assert "t7" in page


def test_clusters_are_told_by_number_and_words() -> None:
    first, second = whole().clusters
    assert cluster_name(1, first) == "Group 1: often “late”, “refund”"
    names = [row[0] for row in cluster_table([first, second]).rows]
    assert names == [cluster_name(1, first), "Group 2: no words of its own"]


def test_a_run_without_errors() -> None:
    found = whole(wrong=0, worst=[], slices=Slices(), confusions=[], spans=[], clusters=[], suspects=[], strange=None)
    page = render("errors.html.j2", **view(found, {}))
    assert "nothing to diagnose" in verdict(found)
    assert 'id="confusions"' not in page
    assert "No slice is worse" in page and 'id="causes"' not in page


def test_that_no_cause_was_found_is_said() -> None:
    page = render("errors.html.j2", **view(whole(), {}))
    assert "Nothing serious was found" in page and "minor causes are" not in page


def test_where_no_cause_is_serious_the_minor_ones_are_pointed_at() -> None:
    unsure = Cause(key="noise", side="data", share=Interval(value=0.64, low=0.0, high=1.0), p_value=0.0005)
    page = render("errors.html.j2", **view(whole(causes=[unsure]), {}))
    assert "The minor causes are worth a look" in page and "does not begin at 0" in page
    assert unserious(whole(causes=[unsure.model_copy(update={"share": SHARE})])) == ""


def test_of_a_model_that_has_learned_little_no_rows_are_called_hard() -> None:
    told = unserious(whole(weak=True))
    assert "hard rows" not in told and "no better than the best baseline" in told and "learned little" in told


def test_what_is_no_right_or_wrong_is_told_as_what_it_is() -> None:
    rows = verdict(whole(headline="span_f1", score=0.0))
    assert "10 of 40 validation rows are not answered rightly" in rows and rows.endswith(" 0.000.")
    places = whole(by="places", measure="spearman", headline="spearman", score=0.911)
    far = whole(by="far", measure="mae", headline="r2", score=0.5)
    for found, words in ((places, "25.0% (20.0% – 30.0%) of the places"), (far, "of the span of the training rows")):
        page = render("errors.html.j2", **view(found, {}))
        assert words in verdict(found) and "rightly" not in verdict(found)
        assert "Wrong rows" not in dict(view(found, {})["facts"])
        assert "1 of 10 rows that are off" in page
    assert verdict(places).endswith("correlation: 0.911.")


def test_of_test_rows_it_is_said_what_they_are_for() -> None:
    assert "These are test rows" in render("errors.html.j2", **view(whole(split="test"), {}))
    near = Slices(searched=3, near=whole().slices.found)
    assert "none of which is proven" in render("errors.html.j2", **view(whole(slices=near), {}))


def test_figures_in_words() -> None:
    assert percent(None) == interval_words(None) == "–"
    assert percent(SHARE) == "25.0% (20.0% – 30.0%)"
    assert interval_words(SHARE) == "0.250 (0.200 – 0.300)"
    assert (p_words(0.0004), p_words(0.04)) == ("< 0.001", "0.040")


def test_causes_that_were_not_looked_for_are_named() -> None:
    one = Interval(value=0.5, low=0.4, high=0.6)
    found = Errors(run="r", split="validation", content="c", rows=9, measure="f1", errors=one, wrong=3)
    assert unasked_words(found) == ""
    left = found.model_copy(update={"unasked": ["noise", "shift"]})
    assert unasked_words(left) == "wrong labels, rows of another kind"
