"""Answers behind their prompts as lines of tokens, and batches of them.

Columns of each token, beside `input_ids`:

    preference.place    0 in the line of the better answer, 1 in that of the worse one, 2 behind a prompt not its own
    preference.learnt   1 where a token belongs to the answer

Both answers of a row stand behind the same prompt: where one of them does not fit, the first turns of the prompt are
left out for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.batch import Batch
from tunebook.core.chat import Chat, question
from tunebook.core.encoded import Encoded, pack
from tunebook.core.written import texts_of

if TYPE_CHECKING:
    from tunebook.models.chat_template import Refused, Rendered

PLACE, LEARNT, BEFORE = "preference.place", "preference.learnt", "preference.before"
ROW = "preference.row"
UNASKED = 2  # place of an answer behind the prompt of another row
_NO_END = 10**9  # tokens
Line = tuple[list[int], list[bool]]


def encode(rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
    """The lines of each row, one after the other, each of at most `max_length` tokens.

    Of a row whose answers cannot be learnt a line of one token is left, of which nothing is learnt.

    Args:
        rows: `how` says what becomes of answers that are too long (`drop`, `mark`), and whether each row is also to
            have the answer of the one before it behind its own prompt (`unasked`); and the chat template of tokenizers
            that have none.
    """
    from tunebook.models.chat_template import Refused, with_template

    cut, unasked, template = rows.how or ("mark", "", "auto")
    if not getattr(tokenizer, "chat_template", None):
        tokenizer = with_template(tokenizer, template)
    chats = rows.chats if rows.chats is not None else [question(text) for text in rows.texts]
    answers = rows.targets if rows.targets is not None else np.full((len(rows), 2), "")
    found = []
    for chat, pair in zip(chats, answers.tolist(), strict=True):
        sides = [side for side in (0, 1) if pair[side] != ""]
        made = fitting(chat, [pair[side] for side in sides], tokenizer, max_length, cut)
        lines = [] if isinstance(made, Refused) else [(one.input_ids, one.learnt) for one in made]
        found.append(dict(zip(sides, lines, strict=True)) if lines else _nothing(tokenizer))
    if unasked:
        _pass_on(found, max_length)
    return _packed(found)


def answered(rows: Rows) -> Rows:
    """A row for each answer: the whole conversation."""
    chats = rows.chats if rows.chats is not None else [question(text) for text in rows.texts]
    pairs = rows.targets.tolist() if rows.targets is not None else []
    found = [(chat, answer) for chat, pair in zip(chats, pairs, strict=False) for answer in pair if answer]
    words = [answer for _, answer in found]
    ids = [str(number) for number in range(len(found))]
    return Rows(words, None, texts_of(words), ids, chats=[chat.answered(answer) for chat, answer in found])


def _nothing(tokenizer: Any) -> dict[int, Line]:
    return {0: ([tokenizer.pad_token_id or 0], [False])}


def _packed(rows: Sequence[dict[int, Line]]) -> Encoded:
    return pack(
        {
            "input_ids": [[token for ids, _ in row.values() for token in ids] for row in rows],
            PLACE: [[place for place, (ids, _) in row.items() for _ in ids] for row in rows],
            LEARNT: [[int(one) for _, learnt in row.values() for one in learnt] for row in rows],
        }
    )


def fitting(chat: Chat, answers: Sequence[str], tokenizer: Any, room: int, cut: str) -> list[Rendered] | Refused:
    """All answers behind as much of the prompt as there is room for beside the longest of them; why not, where that is
    not even its last question, or an answer loses its end and is not to be learnt then."""
    from tunebook.models.chat_template import Refused, render

    made: list[Rendered] = []
    for shown in _shorter(chat):
        made = []
        for answer in answers:
            one = render(shown.answered(answer), tokenizer, learn="last", max_length=_NO_END, cut="drop")
            if isinstance(one, Refused):
                return one
            made.append(replace(one, left_out=len(chat.turns) - len(shown.turns)))
        if all(len(one.input_ids) <= room for one in made):
            return made
    if cut != "mark":
        return Refused("cut")
    kept = [
        replace(one, input_ids=one.input_ids[:room], learnt=one.learnt[:room], cut=len(one.input_ids) > room)
        for one in made
    ]
    return kept if all(any(one.learnt[1:]) for one in kept) else Refused("no_room")


def rendered(rows: Rows, tokenizer: Any, max_length: int) -> list[Rendered | Refused]:
    """What of each row is learnt: its answers behind their prompts, one after the other."""
    from tunebook.models.chat_template import Refused, Rendered

    assert rows.targets is not None and rows.how is not None
    chats = rows.chats if rows.chats is not None else [question(text) for text in rows.texts]
    found: list[Rendered | Refused] = []
    for chat, pair in zip(chats, rows.targets.tolist(), strict=True):
        made = fitting(chat, [answer for answer in pair if answer], tokenizer, max_length, rows.how[0])
        if isinstance(made, Refused) or not made:
            found.append(made if isinstance(made, Refused) else Refused("nothing_learnt"))
            continue
        ids, learnt = [token for one in made for token in one.input_ids], [one for part in made for one in part.learnt]
        found.append(Rendered(ids, learnt, max(one.left_out for one in made), any(one.cut for one in made)))
    return found


def _shorter(chat: Chat) -> Iterator[Chat]:
    """A prompt, and the same from its second question on, and so on; what the system says stays."""
    yield chat
    first = tuple(turn for turn in chat.turns[:1] if turn.role == "system")
    for place in [place for place, turn in enumerate(chat.turns) if turn.role == "user"][1:]:
        yield Chat((*first, *chat.turns[place:]), chat.tools)


def _pass_on(rows: list[dict[int, Line]], room: int) -> None:
    """Give each row the first answer of the one before it behind its own prompt; of the first the last one's."""
    if len(rows) < 2:
        return
    first = [next(iter(row.values())) for row in rows]
    begins = [learnt.index(True) if any(learnt) else None for _, learnt in first]
    for row, (ids, _), start, (theirs, _), other in zip(
        rows, first, begins, first[-1:] + first[:-1], begins[-1:] + begins[:-1], strict=True
    ):
        if start is None or other is None or start >= room:
            continue
        line = [*ids[:start], *theirs[other:]][:room]
        row[UNASKED] = (line, [False] * start + [True] * (len(line) - start))


def lines(encoded: Encoded) -> NDArray[np.int64]:
    """How many lines each row has, shape (N,)."""
    from tunebook.nets.lines import Lines

    return np.bincount(Lines.of(encoded, PLACE).row, minlength=len(encoded))


def collate(encoded: Encoded, rows: Sequence[int], pad: int) -> Batch:
    """A line for each answer of these rows.

    `input_ids`, `attention_mask` and `preference.learnt` have the shape (lines, longest); `preference.row` and
    `preference.place` of each line, `preference.before`, what the model before said of it (0 where nobody asked it),
    and what rows have for each of their lines, (lines,). `labels` says which lines are of an answer that was liked.
    """
    import torch

    from tunebook.nets.lines import Lines

    chosen = encoded.take(rows)
    fixed = {name: column for name, column in chosen.fixed.items() if name not in ("labels", BEFORE)}
    found = Lines.of(Encoded(chosen.flat, chosen.offsets, fixed), PLACE)
    batch = found.batch(("input_ids", LEARNT), pad)
    place = chosen.flat[PLACE][found.first].astype(np.int64)
    before = chosen.fixed.get(BEFORE, np.zeros((len(chosen), UNASKED + 1), dtype=np.float32))
    batch[ROW], batch[PLACE] = torch.from_numpy(found.row.astype(np.int64)), torch.from_numpy(place)
    batch[BEFORE] = torch.from_numpy(before[found.row, place].astype(np.float32))
    if "labels" in chosen.fixed:
        batch["labels"] = torch.from_numpy((place == 0).astype(np.int64))
    return batch


def sound(encoded: Encoded) -> NDArray[np.bool_]:
    """Which rows have something to learn of every answer, shape (N,)."""
    most = np.maximum.reduceat(encoded.flat[LEARNT], encoded.offsets[:-1])
    return most > 0


__all__ = [
    "BEFORE",
    "LEARNT",
    "PLACE",
    "ROW",
    "UNASKED",
    "answered",
    "collate",
    "encode",
    "fitting",
    "lines",
    "rendered",
    "sound",
]
