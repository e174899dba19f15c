"""The page of a rollout: its lines in words, in both languages, while it is on and after its end."""

from __future__ import annotations

import math

import pytest

from tests.logged import make_book
from tests.rolled import Traffic, begun, make_run
from tunebook.core.errors import RefusedError
from tunebook.report.rollout import line, name_of, says, write_rollout
from tunebook.rollout.course import course
from tunebook.rollout.evidence import Evidence
from tunebook.rollout.state import state, write
from tunebook.verbs.rollout import deploy, page


@pytest.fixture
def traffic(tmp_path):
    book = make_book(tmp_path / "book")
    begun(book, stages=[0, 100], metric="bought", min_requests=5)
    return Traffic(book, tell=lambda n, heard, rng: {"label": "c0", "bought": 0.5}).go(40)


def test_evidence_in_words():
    against = Evidence("errors", math.log(200), 100, "abort", 0.01, 0.2, 50)
    told = line(against)
    assert (told["name"], told["old"], told["new"], told["count"]) == ("errors", "0.010", "0.200", "50")
    assert (told["evidence"], told["says"], told["ok"], told["ends"]) == ("200 / 100", "speaks against it", False, "")
    assert line(Evidence("bought", 0.0, 100, "abort", low=-0.1, high=0.2))["ends"] == "-0.1 … +0.2"
    assert line(Evidence("agreement"))["evidence"] == "–"
    assert name_of(Evidence("bought")) == "bought"
    assert says(Evidence("labels_better", 9.0, 20, n=9)) == "better"
    assert says(Evidence("labels_better", 0.0, 20, n=9)) == "not shown yet"
    assert says(Evidence("agreement", n=9)) == "told only"
    assert says(Evidence("labels", 0.0, 20, "abort")) == "nothing seen yet"
    assert says(Evidence("x", 0.0, 20, "abort", strange=3)) == "3 out of bounds"
    assert says(Evidence("errors", 0.0, 20, "abort", n=9)) == "nothing against it"


@pytest.mark.parametrize(("language", "words"), [("en", "How it came about"), ("zh", "证据的变化")])
def test_a_page_while_it_is_on(traffic, tmp_path, monkeypatch, language, words):
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    moments = course(traffic.book, traffic.log, traffic.now, 5)
    path = write_rollout(tmp_path / "page.html", moments, traffic.book.log.entries("rollout"))
    text = path.read_text(encoding="utf-8")
    assert words in text
    assert text.count("<svg") == sum(item.log_e is not None for item in moments[-1].look.evidence)
    assert ("Ready:" if language == "en" else "就绪：") in text


def test_a_page_of_one_that_has_ended(traffic, tmp_path):
    write(traffic.book, state(traffic.book), "abort", {}, actor="Ada", reason="complaints")
    path = page(traffic.book, tmp_path / "page.html", traffic.log)
    text = path.read_text(encoding="utf-8")
    assert "This rollout has ended: aborted (complaints)" in text
    assert "Ada" in text
    assert "worse" in text


def test_before_the_first_there_is_no_page(tmp_path):
    book = make_book(tmp_path / "first")
    make_run(book, "old", 1)
    deploy(book, "old")
    with pytest.raises(RefusedError) as caught:
        page(book, tmp_path / "page.html")
    assert caught.value.code == "rollout.no_page"
