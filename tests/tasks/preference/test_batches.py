"""Answers as lines of tokens: one prompt for both, what is learnt, what becomes of long ones, answers passed on."""

from __future__ import annotations

import numpy as np
import torch

from tests.tasks.preference.made import TASK, reader, rows
from tunebook.core.answers import Rows
from tunebook.core.chat import Chat
from tunebook.core.learns import Learns
from tunebook.models.chat_template import Refused, Rendered
from tunebook.tasks.preference.batches import (
    BEFORE,
    LEARNT,
    PLACE,
    ROW,
    UNASKED,
    collate,
    encode,
    lines,
    rendered,
    sound,
)

LONG = Chat.of(("user", "the room was a stay"), ("assistant", "great great great"), ("user", "we found it"))


def shown(encoded, row: int, place: int, *, learnt: bool = False) -> str:
    at = slice(*encoded.offsets[row : row + 2])
    mine = encoded.flat[PLACE][at] == place
    mine &= encoded.flat[LEARNT][at] == 1 if learnt else True
    return str(reader().decode(encoded.flat["input_ids"][at][mine]))


def test_a_row_has_a_line_for_each_answer_and_learns_that_alone() -> None:
    encoded = encode(rows(("great", "very poor"), ("", "sad")), reader(), 40)
    assert lines(encoded).tolist() == [2, 1] and sound(encoded).all()
    assert [shown(encoded, 0, place, learnt=True).removesuffix(" [SEP]") for place in (0, 1)] == ["great", "very poor"]
    assert shown(encoded, 1, 1, learnt=True).startswith("sad") and not shown(encoded, 1, 0)
    before = [shown(encoded, 0, place).partition(answer)[0] for place, answer in ((0, "great"), (1, "very"))]
    assert before[0] == before[1] and "we found it" in before[0]


def test_both_answers_lose_the_same_turns_of_a_prompt() -> None:
    """The short answer would fit behind the whole prompt; the long one does not."""
    given = rows(("great", "very " * 14 + "poor"), asked=LONG)
    whole = encode(given, reader(), 64)
    room = int(np.bincount(whole.flat[PLACE]).max()) - 4
    cut = encode(given, reader(), room)
    assert all("the room was" in shown(whole, 0, place) for place in (0, 1))
    assert all("the room was" not in shown(cut, 0, place) and "we found it" in shown(cut, 0, place) for place in (0, 1))


def test_a_long_answer_is_learnt_as_far_as_it_fits_or_its_row_is_left_out() -> None:
    pair = ("great", "very " * 20 + "poor")
    marked = encode(rows(pair), reader(), 16)
    assert np.bincount(marked.flat[PLACE]).max() == 16 and "poor" not in shown(marked, 0, 1) and sound(marked).all()
    for cut, room in (("drop", 16), ("mark", 4)):
        gone = encode(rows(pair, how=(cut, "", "plain")), reader(), room)
        assert len(gone.flat["input_ids"]) == 1 and not sound(gone).any()
        assert TASK.unlearnt(None, None, gone).tolist() == [True]  # type: ignore[arg-type]


def test_what_is_told_of_rows_is_what_is_learnt_of_them() -> None:
    """The same tokens, and as many rows with nothing to learn as the training counts."""
    given = rows(("great", "very " * 14 + "poor"), ("", "sad"), ("great", "very poor"), ("", ""), asked=LONG)
    assert isinstance(TASK, Learns)
    reasons = set()
    for room in range(4, 70, 3):
        for cut in ("mark", "drop"):
            seen = Rows(given.texts, None, given.targets, given.ids, chats=given.chats, how=(cut, "", "plain"))
            told, encoded = TASK.rendered(seen, reader(), room), encode(seen, reader(), room)
            assert told == rendered(seen, reader(), room)
            assert [isinstance(one, Rendered) for one in told] == sound(encoded).tolist()
            for row, one in enumerate(told):
                at = slice(*encoded.offsets[row : row + 2])
                if isinstance(one, Refused):
                    reasons.add(one.reason)
                    continue
                assert one.input_ids == encoded.flat["input_ids"][at].tolist()
                assert one.learnt == (encoded.flat[LEARNT][at] == 1).tolist()
                assert not one.cut or cut == "mark"
    assert reasons == {"cut", "no_room", "nothing_learnt"}
    whole, short = (rendered(given, reader(), room) for room in (400, 30))
    assert [one.left_out for one in whole[:3]] == [0, 0, 0] and short[0].left_out > 0


def test_rows_without_answers_have_an_empty_line() -> None:
    given = rows(("great", "poor"))
    bare = type(given)(given.texts, None, None, given.ids)
    encoded = TASK.encode(bare, reader(), 16)
    assert not sound(encoded).any() and "labels" not in TASK.collate(encoded, [0], 0)


def test_an_answer_is_passed_on_to_the_next_prompt() -> None:
    given = rows(("great", ""), ("", "very sad"), ("poor", ""), how=("mark", "unasked", "plain"))
    encoded = encode(given, reader(), 40)
    passed = [shown(encoded, row, UNASKED, learnt=True).removesuffix(" [SEP]") for row in range(3)]
    assert passed == ["poor", "great", "very sad"]
    assert "we found it" in shown(encoded, 0, UNASKED)
    alone = encode(rows(("great", ""), how=("mark", "unasked", "plain")), reader(), 40)
    assert lines(alone).tolist() == [1], "nobody to pass it on"
    short = encode(rows(("great", ""), ("very " * 30, ""), how=("drop", "unasked", "plain")), reader(), 16)
    assert lines(short).tolist() == [1, 1], "of a row that is left out nothing is passed on"


def test_a_batch_has_a_line_for_each_answer() -> None:
    encoded = encode(rows(("great", "very poor"), ("", "sad")), reader(), 40)
    said = np.arange(6, dtype=np.float32).reshape(2, 3)
    batch = collate(encoded.with_fixed(labels=np.zeros((2, 2)), sample_weight=np.array([2.0, 3.0]), **{BEFORE: said}),
                    [1, 0], 0)  # fmt: skip
    assert batch[ROW].tolist() == [0, 1, 1] and batch[PLACE].tolist() == [1, 0, 1]
    assert batch[BEFORE].tolist() == [4.0, 0.0, 1.0] and batch["sample_weight"].tolist() == [3.0, 2.0, 2.0]
    assert batch["labels"].tolist() == [0, 1, 0]
    assert batch["input_ids"].shape == batch[LEARNT].shape == batch["attention_mask"].shape
    assert torch.equal(batch[LEARNT] * batch["attention_mask"], batch[LEARNT])
