"""What answers tell by themselves."""

from __future__ import annotations

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, begun

from tunebook.core.nouns import Labels
from tunebook.rollout.answers import agreement, answer_codes, as_numbers, numbers, shares, spread
from tunebook.rollout.seen import seen
from tunebook.rollout.state import state

NUMBERS = Labels(problem="regression", low=0.0, high=5.0)


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book", classes=5)


def looked(traffic, labels=None):
    return seen(traffic.log, state(traffic.book), labels or traffic.book.data.labels, traffic.now)


def classes(n, new, rng):
    return {"label": f"c{rng.integers(5)}"}


def one_class(n, new, rng):
    return {"label": "c1" if new else f"c{rng.integers(5)}"}


@pytest.mark.parametrize("stages", [[0, 100], [30, 100]])
def test_a_model_that_says_the_same_to_everybody(book, stages):
    begun(book, stages=stages)
    assert spread(looked(Traffic(book, one_class).go(600))).reached
    assert not spread(looked(Traffic(book, classes).go(600))).reached


@pytest.mark.parametrize("stages", [[0, 100], [30, 100]])
def test_numbers_that_hardly_differ(book, stages):
    def collapsed(n, new, rng):
        return {"label": str(2.5 + rng.normal() * (0.001 if new else 1))}

    def as_wide(n, new, rng):
        return {"label": str(2.5 + rng.normal())}

    begun(book, stages=stages)
    assert spread(looked(Traffic(book, collapsed).go(900), NUMBERS)).reached
    assert not spread(looked(Traffic(book, as_wide).go(900), NUMBERS)).reached


def test_vectors_have_no_answer_that_could_collapse(book):
    begun(book, stages=[0, 100])
    found = looked(Traffic(book, lambda n, new, rng: {"label": ""}).go(50))
    assert (answer_codes(found) == -1).all()
    assert spread(found).n == agreement(found).n == shares(found).n == 0
    assert agreement(found).challenger is None


def test_numbers_are_compared_once_it_is_known_how_far_they_spread(book):
    begun(book, stages=[0, 100])
    few = looked(Traffic(book, lambda n, new, rng: {"label": str(rng.normal())}).go(20), NUMBERS)
    assert numbers(few)
    assert (answer_codes(few) == -1).all()
    constant = looked(Traffic(book, lambda n, new, rng: {"label": "1.5"}).go(220), NUMBERS)
    assert (answer_codes(constant) == -1).all()
    assert not numbers(looked(Traffic(book).go(1)))


def test_agreement_and_shares_are_told(book):
    def answer(n, new, rng):
        return {"label": "c0" if n % 4 or not new else "c1"}

    begun(book, stages=[0, 100])
    found = looked(Traffic(book, answer).go(400))
    assert agreement(found).challenger == 0.75
    assert shares(found).challenger == pytest.approx(0.25)
    assert agreement(found).ok
    assert shares(found).ok


def test_texts_that_are_no_numbers():
    import numpy as np

    found = as_numbers(np.array(["1.5", "x", None, "inf", "2"], dtype=object))
    assert found == pytest.approx([1.5, np.nan, np.nan, np.nan, 2], nan_ok=True)
