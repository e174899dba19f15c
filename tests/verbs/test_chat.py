"""A conversation with a model: what it is shown, what is remembered, and the command."""

from __future__ import annotations

from typing import Any

import pytest

from tests import instructions
from tunebook.core.chat import Chat
from tunebook.core.errors import RunError
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.verbs.chat import Talk, begin
from tunebook.verbs.errors import errors
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

QUICK = {"max_epochs": 1, "batch_size": 16, "precision": "fp32", "instruction.max_new_tokens": 12}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Book, Run]:
    """A small book of instructions with a run."""
    folder = tmp_path_factory.mktemp("written")
    base = instructions.base_model(folder / "base")
    file = instructions.write_rows(folder / "rows.jsonl")
    book = init(folder / "book", file, model=str(base), options=DataOptions(task="instruction"), owner="Ada")
    return book, train(plan(child(book.champion, QUICK), book.data), book.path / "runs", track=())


def answered(talk: Talk, text: str) -> tuple[str, Any]:
    pieces, found = talk.asked(text), []
    while True:
        try:
            found.append(next(pieces))
        except StopIteration as end:
            return "".join(found), end.value


def test_what_was_said_is_shown_again(written: tuple[Book, Run]) -> None:
    talk = begin(written[1], "be kind")
    first, made = answered(talk, "swap a , b")
    assert first == made.text and len(made.tokens) <= 12
    assert talk.chat == Chat.of(("system", "be kind"), ("user", "swap a , b"), ("assistant", first))
    answered(talk, "and c")
    assert [turn.role for turn in talk.chat.turns] == ["system", "user", "assistant", "user", "assistant"]
    talk.reset()
    assert talk.chat.turns == () and answered(talk, "swap a , b")[0] == first


def test_long_conversations_lose_their_beginning(written: tuple[Book, Run]) -> None:
    talk = begin(written[1], max_new_tokens=4)
    for number in range(6):  # ninety-six positions hold three of them
        answered(talk, f"swap the room , the hotel {number}")
        read = talk.read
        assert read is not None and not read.cut and len(read.tokens) <= 72
        assert read.left_out == 0 or number > 0
    assert len(talk.chat.turns) == 12
    assert talk.read is not None and talk.read.left_out and talk.read.left_out % 2 == 0
    answered(talk, "swap " + "the room " * 60)
    assert talk.read.cut and len(talk.read.tokens) == 72
    talk.reset()
    assert talk.read is None


def test_an_answer_that_is_broken_off_is_remembered_as_far_as_it_was_heard(written: tuple[Book, Run]) -> None:
    talk = begin(written[1], max_new_tokens=8, temperature=2.0, seed=3)
    pieces = talk.asked("swap a , b")
    heard = next(pieces)
    pieces.close()
    assert talk.chat.answer == heard


def test_only_models_that_talk_are_talked_with(written: tuple[Book, Run], monkeypatch: pytest.MonkeyPatch) -> None:
    told = written[1].plan.model_copy(update={"task": "text_classification"})
    monkeypatch.setattr(Run, "plan", told)
    with pytest.raises(RunError, match=r"chat\.task"):
        begin(written[1])


def test_halves_of_characters_end_no_conversation(written: tuple[Book, Run]) -> None:
    talk = begin(written[1])
    answered(talk, "swap \udcff , b \ud83d")
    assert talk.chat.turns[0].content == "swap \ufffd , b \ufffd" and len(talk.chat.turns) == 2


def test_written_answers_are_diagnosed(written: tuple[Book, Run]) -> None:
    found = errors(written[1])
    assert (list(found.missing), found.confusions, found.spans, found.suspects) == (["suspects"], [], [], [])
    assert found.worst[0].mass == max(row.mass for row in found.worst)
    assert all(len(row.near) == 3 for row in found.worst)
