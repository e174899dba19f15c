"""What is said of passages in order: the best with their scores, how bad an order is, the mean of several orders."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tasks.reranking import made
from tunebook.core.judged import Judged
from tunebook.core.nouns import Report
from tunebook.tasks.ranking.scores import ndcg
from tunebook.tasks.ranking.words import RankingWords
from tunebook.tasks.reranking import Reranking

TASK: RankingWords = Reranking()


def answers(*rows: list[tuple[int, float]]) -> np.ndarray:
    """Answers of these passages and scores."""
    row = np.repeat(np.arange(len(rows)), [len(one) for one in rows])
    passage, score = (np.array([one[place] for found in rows for one in found], dtype=float) for place in (0, 1))
    return Judged(row, passage.astype(int), score, len(rows)).matrix(np.float32)


LONG = "hotel stay " + "very " * 100
ROWS = made.rows(["the room", "food", LONG], ["q one", "q two"], [[(0, 0.0), (2, 2.0), (1, 1.0)], [(1, 0.0)]])


def test_what_is_said_and_what_is_true() -> None:
    given = answers([(2, 0.9), (0, 0.5), (1, 0.25)], [(1, 0.125)])
    said, true = TASK.say(given, ROWS, made.LABELS), TASK.true(ROWS.targets, ROWS, made.LABELS)
    assert [(one["id"], one["score"]) for one in said[0]["passages"]] == [
        ("p2", pytest.approx(0.9)), ("p0", 0.5), ("p1", 0.25)
    ]  # fmt: skip
    assert [(one["id"], one["gain"]) for one in true[0]] == [("p2", 2.0), ("p1", 1.0)] and true[1] == []
    assert TASK.shown(true[0]).endswith("… (+1)") and TASK.shown([]) == "no passage"
    assert TASK.brief(said[1]).score == "0.125" and TASK.brief(TASK.blank(made.LABELS)).score == ""
    table = TASK.mistakes([{"id": "q", "text": "q one", "true": true[0], "passages": []}], made.LABELS)
    assert table.rows[0][2:] == (TASK.shown(true[0]), "no passage", None)


def test_no_more_than_ten_are_said_and_fewer_on_request() -> None:
    rows = made.drawn(12, 30)
    given = Judged.of(rows.targets).best(30).matrix(np.float32)
    said = TASK.say(given, rows, made.LABELS)[0]
    assert len(said["passages"]) == 10
    assert TASK.narrow(said, 3, None) == ({"passages": said["passages"][:3]}, False)
    assert TASK.narrow(said, None, 0.5) == ({"passages": said["passages"][:1]}, True)


@pytest.mark.parametrize("seed", range(5))
def test_a_query_is_as_bad_as_its_ndcg_is_low(seed: int) -> None:
    rng = np.random.default_rng(seed)
    passages = [f"passage {number}" for number in range(14)]
    gains = rng.integers(0, 3, size=14).astype(float)
    rows = made.rows(passages, ["q"], [list(enumerate(gains))])
    given = answers([(int(passage), score) for passage, score in zip(rng.permutation(14), -np.arange(14), strict=True)])
    record = {"true": TASK.true(rows.targets, rows, made.LABELS)[0], **TASK.say(given, rows, made.LABELS)[0]}
    assert TASK.badness(record, made.LABELS) == pytest.approx(1 - ndcg(given, rows.targets, made.LABELS)[0])


def test_a_perfect_order_and_a_query_with_nothing_to_find_are_no_mistakes() -> None:
    given = answers([(2, 0.9), (1, 0.5), (0, 0.25)], [(1, 0.125)])
    for said, true in zip(TASK.say(given, ROWS, made.LABELS), TASK.true(ROWS.targets, ROWS, made.LABELS), strict=True):
        assert TASK.badness({"true": true, **said}, made.LABELS) is None


def test_the_page_tells_where_the_first_relevant_passage_stands() -> None:
    judged = [[(0, 1.0), (1, 0.0), (2, 0.0)]] * 4
    rows = made.rows(["a", "b", "c"], list("wxyz"), judged)
    given = answers([(0, 0.9), (1, 0.1)], [(1, 0.8), (0, 0.3)], [(1, 0.7), (2, 0.6), (0, 0.5)], [(1, 0.4)])
    found = TASK.detail(given, rows, made.LABELS)["extra"]
    assert found["first_ranks"] == [1, 2, 0, 0, 1]
    assert found["scores"]["relevant"][1] == pytest.approx(0.5) and found["scores"]["others"][1] == pytest.approx(0.6)
    report = Report(run="r", split="test", rows=4, content="c", headline="ndcg@10", metrics={}, extra=found)
    ranks, scores = TASK.sections(report, made.LABELS)
    assert [row[:2] for row in ranks.rows] == [("1", 1), ("2 – 3", 2), ("4 – 10", 0), ("> 10", 0), ("none found", 1)]
    assert [row[2] for row in ranks.rows] == [0.25, 0.5, 0, 0, 0.25] and len(scores.rows) == 2
    assert TASK.sections(report.model_copy(update={"extra": {}}), made.LABELS) == []


def test_the_mean_of_several_models_is_that_of_their_scores() -> None:
    one = answers([(0, 0.9), (1, 0.5), (2, 0.1)], [(3, 0.4)])
    two = answers([(1, 0.9), (2, 0.6)], [(3, 0.2)])
    gone = np.full((2, 3), np.nan, dtype=np.float32)
    found = Judged.of(TASK.mean([one, two, gone], made.LABELS))
    assert found.row.tolist() == [0, 0, 0, 1] and found.passage.tolist() == [0, 1, 2, 3]
    assert found.value.tolist() == pytest.approx([(0.9 + 0.6) / 2, (0.5 + 0.9) / 2, (0.1 + 0.6) / 2, 0.3])
    assert TASK.decided(one, made.LABELS).tolist() == [[3, 0, 0, 1, 0, 2, 0], [1, 3, 0, 0, 0, 0, 0]]
