"""How a model writes that is asked by predict: what is said for once, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.tasks.seq2seq.test_seq2seq import TASK as SEQ2SEQ
from tests.verbs.test_chat import answered, written  # noqa: F401 - a fixture
from tunebook.core.errors import DataError
from tunebook.tasks.instruction import Instruction
from tunebook.verbs.chat import begin
from tunebook.verbs.predict import predict
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

Given = tuple[Book, Run]
TEXTS = ["swap a , b", "swap the room , the bed"]


def test_what_is_said_for_once_is_how_it_writes(written: Given) -> None:  # noqa: F811
    run = written[1]
    usual = predict(run, TEXTS)
    assert all(list(one) == ["answer", "prompt", "tokens", "stopped", "notes"] for one in usual)
    assert predict(run, TEXTS, temperature=0, top_p=1.0, seed=5, tokens_at_once=30) == usual
    short = predict(run, TEXTS, max_new_tokens=3)
    assert [one["tokens"] for one in short] == [3, 3]
    assert all(one["answer"].startswith(cut["answer"].rstrip("\ufffd")) for one, cut in zip(usual, short, strict=True))
    drawn = predict(run, TEXTS, temperature=3.0, seed=1)
    assert drawn == predict(run, TEXTS, temperature=3.0, seed=1) != predict(run, TEXTS, temperature=3.0, seed=2)
    assert predict(run, TEXTS, temperature=3.0, seed=1, top_p=1e-9) == usual, "the likeliest alone is left"


def test_it_writes_as_it_talks(written: Given) -> None:  # noqa: F811
    run = written[1]
    how: dict[str, Any] = {"max_new_tokens": 9, "temperature": 2.0, "seed": 4}
    for system in ("", "be kind"):
        (found,) = predict(run, TEXTS[:1], system=system, **how)
        text, made = answered(begin(run, system, **how), TEXTS[0])
        assert (found["answer"], found["tokens"], found["stopped"]) == (text, len(made.tokens), made.stopped)


def test_it_is_told_where_a_beginning_was_not_read(written: Given) -> None:  # noqa: F811
    said = [("user", "swap the room , the bed"), ("assistant", "the bed the room")] * 6
    chats = [[{"role": role, "content": text} for role, text in turns] for turns in ([*said, said[0]], said[:1])]
    found = predict(written[1], chats, max_new_tokens=20)
    assert [one["notes"] for one in found] == [["left_out"], []]
    found = predict(written[1], ["swap " + "the room " * 60, TEXTS[0]], max_new_tokens=20)
    assert [one["notes"] for one in found] == [["left_out"], []]
    found = predict(written[1], ["swap " + "a " * 30], max_new_tokens=4)
    assert [one["notes"] for one in found] == [[]], "an answer that is so short leaves room"


def test_words_end_it(written: Given) -> None:  # noqa: F811
    run = written[1]
    (usual,) = predict(run, TEXTS[:1], temperature=3.0)
    word = next(letter for letter in usual["answer"][3:] if letter not in usual["answer"][:3])
    for stop in (word, [word, "never"]):
        (found,) = predict(run, TEXTS[:1], temperature=3.0, stop=stop)
        assert found["answer"] == usual["answer"].partition(word)[0] and found["stopped"]


def test_a_system_that_speaks_is_not_spoken_over(written: Given, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    seen: list[Any] = []

    def told(self: Any, model: Any, tokenizer: Any, rows: Any, *more: Any) -> Any:
        from tunebook.core.written import FIGURES, Written

        seen.extend(rows.chats)
        return Written([""] * len(rows), np.zeros((len(rows), FIGURES), dtype=np.float32))

    monkeypatch.setattr(Instruction, "written", told)
    own = [{"role": "system", "content": "be short"}, {"role": "user", "content": "a?"}]
    predict(written[1], [own, own[1:]], system="be kind")
    assert [[turn.content for turn in chat.turns] for chat in seen] == [["be short", "a?"], ["be kind", "a?"]]


@pytest.mark.parametrize(
    "how",
    [
        {"max_new_tokens": 0}, {"temperature": -1}, {"temperature": float("nan")}, {"top_p": 0}, {"seed": -1},
        {"stop": ["a", ""]}, {"stop": ""}, {"tokens_at_once": 0},
    ],
    ids=str,
)  # fmt: skip
def test_values_out_of_bounds_are_refused(how: dict[str, Any], written: Given) -> None:  # noqa: F811
    with pytest.raises(DataError, match=r"predict\.how"):
        predict(written[1], TEXTS, **how)


def test_a_model_that_does_not_talk_is_told_nothing(written: Given, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(Run, "plan", written[1].plan.model_copy(update={"task": SEQ2SEQ.key}))
    with pytest.raises(DataError, match=r"predict\.not_told"):
        predict(written[1], TEXTS, system="be kind")
