"""What came back of requests: labels, the business metric, further columns, and what never came."""

from __future__ import annotations

import pytest
from tests.logged import make_book
from tests.rolled import Traffic, begun

from tunebook.core.nouns import Labels
from tunebook.requests.record import Feedback
from tunebook.rollout.feedback import columns, labels, metric
from tunebook.rollout.seen import seen
from tunebook.rollout.state import state
from tunebook.stats.e_process import log_mcnemar

NUMBERS = Labels(problem="regression", low=0.0, high=5.0)


@pytest.fixture
def book(tmp_path):
    return make_book(tmp_path / "book")


def looked(traffic, labels=None):
    return seen(traffic.log, state(traffic.book), labels or traffic.book.data.labels, traffic.now)


def right(of_old, of_new):
    """Answers that are right so often; the truth is c0."""
    return lambda n, new, rng: {"label": "c0" if rng.random() < (of_new if new else of_old) else "c1"}


def truth(n, heard, rng):
    return {"label": "c0"}


def test_in_shadow_the_evidence_is_mcnemars(book):
    begun(book, stages=[0, 100])
    traffic = Traffic(book, right(0.9, 0.7), truth).go(200)
    by = {(row.request, row.role): row.label == "c0" for row in traffic.log.rows}
    names = {row.request for row in traffic.log.rows}
    lost = sum(by[name, "champion"] and not by[name, "shadow"] for name in names)
    won = sum(by[name, "shadow"] and not by[name, "champion"] for name in names)
    worse, better = labels(looked(traffic))
    assert worse.log_e == pytest.approx(float(log_mcnemar(lost, won)))
    assert better.log_e == pytest.approx(float(log_mcnemar(won, lost)))
    assert worse.reached
    assert worse.champion == pytest.approx(0.9, abs=0.06)
    assert worse.challenger == pytest.approx(0.7, abs=0.1)


@pytest.mark.parametrize("stages", [[0, 100], [20, 100]])
def test_a_better_model_is_told_and_stops_nothing(book, stages):
    begun(book, stages=stages)
    worse, better = labels(looked(Traffic(book, right(0.6, 0.9), truth).go(900)))
    assert better.reached
    assert better.ok
    assert not worse.reached


def test_a_worse_model_is_seen_where_users_have_it(book):
    begun(book, stages=[5, 100])
    worse, _ = labels(looked(Traffic(book, right(0.9, 0.1), truth).go(400)))
    assert worse.reached
    assert worse.n < 60


def test_what_never_came_back_counts_for_nobody(book):
    begun(book, stages=[0, 100], metric="bought", may_fall=["liked"])
    found = looked(Traffic(book, right(1, 0)).go(300))
    for item in (*labels(found), *metric(found), *columns(found)):
        assert (item.log_e, item.ok, item.n) == (0, True, 0)


def test_several_labels_are_right_in_any_order(book):
    begun(book, stages=[0, 100])
    answer = {"label": "b|a"}
    traffic = Traffic(book, lambda n, new, rng: answer, lambda n, heard, rng: {"label": "a|b"}).go(5)
    assert labels(looked(traffic))[0].challenger == 1


def test_numbers_are_judged_by_how_near_they_come(book):
    begun(book, stages=[0, 100])
    traffic = Traffic(book, lambda n, new, rng: {"label": "3.0" if new else "2.0"}, lambda *_: {"label": "2"}).go(300)
    worse, better = labels(looked(traffic, NUMBERS))
    assert worse.reached
    assert not better.reached
    assert worse.challenger == pytest.approx(0.8)
    nowhere = labels(looked(traffic, NUMBERS.model_copy(update={"high": 0.0})))[0]
    assert nowhere.n == 0


def bought(of_old, of_new, value=1.0):
    return lambda n, heard, rng: {
        "bought": value * float(rng.random() < (of_new if heard["role"] == "challenger" else of_old))
    }


def test_a_metric_that_falls_is_seen_with_its_interval(book):
    begun(book, stages=[30, 100], metric="bought", lowest=0.0, highest=10.0)
    worse, better = metric(looked(Traffic(book, tell=bought(0.5, 0.1, 10.0)).go(1200)))
    assert worse.reached
    assert worse.low < -4.0 < worse.high < 0
    assert worse.champion == pytest.approx(5, abs=0.7)
    assert not better.reached


def test_a_metric_that_rises_is_told(book):
    begun(book, stages=[30, 100], metric="bought")
    worse, better = metric(looked(Traffic(book, tell=bought(0.2, 0.5)).go(1200)))
    assert better.reached
    assert worse.ok
    assert worse.low > 0
    assert metric(looked(Traffic(book).go(1)))[0].n == 0


def test_a_shadow_sells_nothing(book):
    begun(book, stages=[0, 100], metric="bought", may_rise=["bought"])
    found = looked(Traffic(book, tell=bought(0.5, 0.5)).go(100))
    assert metric(found)[0].n == columns(found)[0].n == 0


def test_without_a_metric_there_is_none(book):
    begun(book)
    assert metric(looked(Traffic(book).go(3))) == []
    assert columns(looked(Traffic(book).go(3))) == []


def test_values_outside_the_bounds_hold_the_rollout(book):
    begun(book, stages=[50, 100], metric="bought")
    traffic = Traffic(book, tell=lambda n, heard, rng: {"bought": 7.0 if n == 4 else 0.5}).go(20)
    found = metric(looked(traffic))[0]
    assert (found.strange, found.ok, found.reached) == (1, False, False)
    words = Traffic(book, tell=lambda n, heard, rng: {"bought": "much"}).go(20)
    assert metric(looked(words))[0].strange == 20


def test_silence_counts_where_the_rules_say_so(book):
    """Only purchases are told; who is silent for a second has bought nothing."""

    def tell(n, heard, rng):
        return {"bought": 1.0} if rng.random() < (0.05 if heard["role"] == "challenger" else 0.5) else {}

    begun(book, stages=[30, 100], metric="bought", waits=1.0)
    traffic = Traffic(book, tell=tell).go(900)
    found = metric(looked(traffic))[0]
    assert found.reached
    assert found.challenger < 0.2
    traffic.n += 60  # every silence is over now
    before = metric(looked(traffic))[0]
    late = [Feedback(row.request, 0, row.at + 2, "bought", 1.0) for row in traffic.log.rows if row.role != "champion"]
    traffic.log.tell([row for row in late if (row.request, 0) not in traffic.log.told["bought"]])
    assert metric(looked(traffic))[0] == before  # what comes too late changes nothing that was counted


def test_further_columns_have_a_direction_and_a_margin(book):
    def tell(n, heard, rng):
        new = heard["role"] == "challenger"
        return {"liked": float(rng.random() < (0.3 if new else 0.8)), "asked": float(rng.random() < 0.3)}

    begun(book, stages=[30, 100], may_fall=["liked"], may_rise=["asked"])
    liked, asked = columns(looked(Traffic(book, tell=tell).go(900)))
    assert (liked.name, asked.name) == ("liked", "asked")
    assert liked.reached
    assert liked.challenger == pytest.approx(0.3, abs=0.1)
    assert not asked.reached
    assert asked.challenger == pytest.approx(0.3, abs=0.1)
