"""What users read of written answers, and what is made of the answers of several models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import small
from tunebook.core.chat import Chat
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Table
from tunebook.core.task import Rows
from tunebook.core.written import FIGURES, Written, texts_of
from tunebook.tasks.instruction import Instruction
from tunebook.tasks.writing.words import WrittenWords

TASK, LABELS = Instruction(), Labels(problem="written")
ROWS = Rows(["one?", "two?", "three?"], None, texts_of(["yes", "no", "a b"]), ["1", "2", "3"])


def answers(*texts: str, losses: float = 3.0) -> np.ndarray:
    figures = np.tile(np.array([losses, 3.0, 1.0, np.nan, 1.0, 2.0], dtype=np.float32), (len(texts), 1))
    return Written(texts, figures).matrix()


def test_an_answer_says_what_it_answers_and_how_it_ended() -> None:
    said = TASK.say(answers("yes", "", "x" * 500), ROWS, LABELS)
    assert said[0] == {"answer": "yes", "prompt": "one?", "tokens": 2, "stopped": True}
    assert isinstance(TASK, WrittenWords) and [TASK.brief(one).label for one in said[:2]] == ["yes", "∅"]
    assert len(TASK.brief(said[2]).label) == 120 and TASK.shown(None) == "–" and len(TASK.shown("x" * 500)) == 400
    silent = Written(["", "", ""], np.full((3, FIGURES), np.nan, dtype=np.float32)).matrix()
    assert TASK.say(silent, ROWS, LABELS)[0] == {"answer": None, "prompt": "one?", "tokens": 0, "stopped": None}
    assert TASK.true(ROWS.targets, ROWS, LABELS) == ["yes", "no", "a b"]


def test_of_a_conversation_its_own_words_are_told() -> None:
    chats = [Chat.of(("user", f"say\n\n  {word}")) for word in ("one", "two", "three")]
    rows = replace(ROWS, chats=chats)
    assert TASK.say(answers("yes", "", "a"), rows, LABELS)[1]["prompt"] == "say\n\n  two"
    assert TASK.detail(answers("yes", "", "a"), rows, LABELS)["extra"]["examples"][0][0] == "say\n\n  one"


def test_the_answer_that_shares_least_is_the_worst() -> None:
    bad = [
        TASK.badness({"true": "a long way", "answer": text}, LABELS)
        for text in ("a long way ", "a long day", "no", None)
    ]
    assert bad[0] is None and bad[1] is not None and bad[1] < bad[2] <= bad[3] == 1  # type: ignore[operator]
    table = TASK.mistakes([{"id": "1", "text": "t" * 500, "true": "yes", "answer": "no"}], LABELS)
    assert len(table.rows) == 1 and "1" in table.caption and max(len(str(cell)) for cell in table.rows[0]) < 500


def test_a_page_has_lengths_and_some_rows() -> None:
    found = TASK.detail(answers("yes", "", "abcd"), ROWS, LABELS)
    figures = found["extra"]["written"]
    assert figures["characters"] == pytest.approx(7 / 3) and figures["empty"] == pytest.approx(1 / 3)
    assert figures["stopped"] == 1
    report = Report(run="r", split="test", rows=3, content="c", headline="log_likelihood", metrics={}, **found)
    about, shown = TASK.sections(report, LABELS)
    assert isinstance(about, Table) and isinstance(shown, Table) and len(shown.rows) == 3
    assert TASK.sections(report.model_copy(update={"extra": {}}), LABELS) == []


def test_what_is_decided_are_the_words_where_there_are_any() -> None:
    one, same, other = answers("yes", "no", "b"), answers("yes", "no", "b", losses=9.0), answers("yes", "no", "c")
    assert np.array_equal(TASK.decided(one, LABELS), TASK.decided(same, LABELS))
    assert not np.array_equal(TASK.decided(one, LABELS), TASK.decided(other, LABELS))
    assert TASK.decided(answers("", "", ""), LABELS).tolist() == [[0], [0], [0]]
    none = [np.nan] * 3
    silent = Written(["", ""], np.array([[1, 2, 0, *none], [3, 2, 1, *none]], dtype=np.float32))
    assert TASK.decided(silent.matrix(), LABELS).tolist() == [[1, 2, 0], [3, 2, 1]]


def test_several_models_agree_on_the_text_that_is_most_like_the_others() -> None:
    parts = [answers("the room", "a"), answers("the rooms", "b"), answers("no", "b", losses=1.0)]
    found = Written.of(TASK.mean(parts, LABELS))
    assert list(found.texts) == ["the room", "b"]
    expected = -np.log(np.mean(np.exp([-3.0, -3.0, -1.0])))
    np.testing.assert_allclose(found.losses, [expected, expected], rtol=1e-6)
    same = Written.of(TASK.mean([parts[0], parts[0]], LABELS))
    assert list(same.texts) == ["the room", "a"] and same.losses[0] == pytest.approx(3)


def test_the_card_asks_with_the_template() -> None:
    lines = TASK.snippet(LABELS, small.filled(**{"instruction.max_new_tokens": 7}), pairs=False)
    assert any("apply_chat_template" in line for line in lines) and any("max_new_tokens=7" in line for line in lines)
