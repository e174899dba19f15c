"""Windows of contexts, and the tokens at which answers stand, against plain reckoning."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from tests import small
from tests.tasks.question_answering import made
from tunebook.bundle.answer_windows import END, INSIDE, START, WINDOW, encode
from tunebook.bundle.frames import TYPES, frame_of
from tunebook.bundle.token_places import Text, tokens_of
from tunebook.core.answers import Rows
from tunebook.core.chooses import Chooses
from tunebook.core.errors import ModelError
from tunebook.core.extracts import Extract, packed
from tunebook.tasks.question_answering import QuestionAnswering
from tunebook.tasks.question_answering.batches import ROW, at_tokens, collate, unsaid

TASK = QuestionAnswering()
TOKENIZER = small.tokenizer()


def lines_of(encoded, row):
    """The columns of each window of a row."""
    own = slice(encoded.offsets[row], encoded.offsets[row + 1])
    columns = {name: values[own] for name, values in encoded.flat.items()}
    return [
        {name: values[columns[WINDOW] == n] for name, values in columns.items()} for n in np.unique(columns[WINDOW])
    ]


def test_a_short_context_is_what_the_tokenizer_makes_of_both_texts():
    rows = made.rows(20)
    encoded = encode(rows.texts, rows.pairs, TOKENIZER, 40)
    for row, (question, context) in enumerate(zip(rows.texts, rows.pairs, strict=True)):
        found = TOKENIZER(question, context, return_offsets_mapping=True)
        (line,) = lines_of(encoded, row)
        assert line["input_ids"].tolist() == found["input_ids"] and line[TYPES].tolist() == found[TYPES]
        second = [part == 1 for part in found.sequence_ids(0)]
        assert (line[INSIDE] > 0).tolist() == second
        places = list(zip(line[START].tolist(), line[END].tolist(), strict=True))
        assert [place for place, mine in zip(places, second, strict=True) if mine] == [
            tuple(place) for place, mine in zip(found["offset_mapping"], second, strict=True) if mine
        ]


def test_a_long_context_is_read_in_windows_that_share_a_quarter_and_leave_nothing_out():
    rows = made.rows(12, size=60)
    encoded = encode(rows.texts, rows.pairs, TOKENIZER, 24)
    room = 24 - frame_of(TOKENIZER).size - 4
    for row, context in enumerate(rows.pairs):
        lines = lines_of(encoded, row)
        assert len(lines) == TASK.lines(encoded)[row] and all(len(line["input_ids"]) <= 24 for line in lines)
        inner = [[(s, e) for s, e, i in zip(line[START], line[END], line[INSIDE], strict=True) if i] for line in lines]
        assert {place for line in inner for place in line} == {
            (match[0], match[1])
            for match in TOKENIZER(context, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        }
        assert all(len(set(one) & set(other)) >= room // 4 for one, other in pairwise(inner))
        assert all(line["input_ids"][:6].tolist() == lines[0]["input_ids"][:6].tolist() for line in lines)


def test_a_long_question_leaves_room_for_the_context():
    encoded = encode(["the " * 50, "the"], ["great"] * 2, TOKENIZER, 19)
    assert encoded.lengths.tolist() == [8 + 3 + 1, 1 + 3 + 1]
    with pytest.raises(ModelError, match=r"answering\.max_length"):
        encode(["the"], ["the"], TOKENIZER, 10)


def test_labels_are_the_tokens_of_the_answer_in_the_windows_that_hold_it():
    rows = made.rows(40, size=60)
    encoded = TASK.encode(rows, TOKENIZER, 24)
    batch = collate(encoded, range(40), 0)
    held = [0] * 40
    for line, row in enumerate(batch[ROW].tolist()):
        first, last = batch["labels"][line].tolist()
        extract = Extract.of(rows.targets[row])
        if not first:
            assert last == 0
            begins = [
                s <= place[0] < e
                for place in extract.places
                for s, e in zip(batch[START][line], batch[END][line], strict=True)
            ]
            assert not any(begins)
            continue
        held[row] += 1
        assert (int(batch[START][line][first]), int(batch[END][line][last])) == tuple(extract.places[0])
    assert all(count >= bool(Extract.of(target).places) for count, target in zip(held, rows.targets, strict=True))
    assert "labels" not in collate(TASK.encode(Rows(["a"], ["b"], None, ["0"]), TOKENIZER, 24), [0], 0)


def test_what_tokens_cannot_say_is_counted():
    context = "great hotel and room"
    places = [[(0, 5)], [(1, 5)], [(0, 4)], [], [(1, 3), (6, 11)], [(0, 11)], [(3, 9)]]
    rows = Rows(["it"] * 7, [context] * 7, packed([Extract(context, one) for one in places]), list("abcdefg"))
    encoded = TASK.encode(rows, TOKENIZER, 24)
    assert unsaid(encoded) == TASK.unsaid(encoded) == 3
    begins, ends = at_tokens(encoded.take([6]), np.array([[3, 9]]))
    assert (begins.sum(), ends.sum()) == (1, 1)  # the nearest tokens are learnt
    assert unsaid(TASK.encode(Rows(["a"], ["b"], packed([Extract("b", [])]), ["0"]), TOKENIZER, 24)) == 0


def test_tokens_stand_where_the_tokenizer_says_without_blanks():
    texts = ["great  hotel", "", "room"]
    whole = Text.of(texts)
    ids, row, start, end = tokens_of(texts, whole, TOKENIZER)
    assert row.tolist() == [0, 0, 2] and len(ids) == 3
    assert [texts[r][s:e] for r, s, e in zip(row, start - whole.starts[row], end - whole.starts[row], strict=True)] == [
        "great", "hotel", "room",
    ]  # fmt: skip
    assert isinstance(TASK, Chooses)


def test_no_rows_are_no_windows():
    encoded = encode([], [], TOKENIZER, 24)
    assert len(encoded) == 0 and all(values.dtype == np.int32 for values in encoded.flat.values())
    assert torch.is_tensor(collate(TASK.encode(made.rows(3), TOKENIZER, 24), [2, 0], 0)["labels"])
