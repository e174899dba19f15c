"""Rows as conversations, and these as tokens of which some are learnt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.chat import Chat, question
from tunebook.core.encoded import Encoded, pack
from tunebook.core.writes import Shown
from tunebook.models.chat_template import Cut, Learn, Rendered, prompt, render, whole_text, with_template
from tunebook.nets.masking import IGNORED
from tunebook.tasks.instruction.rows import InstructionRows
from tunebook.tasks.writing.texts import characters_read

CHARACTERS = "instruction.characters"  # of what is learnt of each row
How = tuple[str, str, str]  # learn, cut, template, as `InstructionRows` has them


def how_of(own: InstructionRows) -> How:
    """What decides how rows are made into tokens."""
    return own.learn, own.cut, own.template


def asked(rows: Rows) -> list[Chat]:
    """Of each row what a model is shown to answer."""
    if rows.chats is None:
        return [question(text) for text in rows.texts]
    return [chat.asked for chat in rows.chats]


def whole(rows: Rows) -> list[Chat]:
    """Each row with its answer at the end. A conversation that has one keeps it, and what it says of its turns."""
    assert rows.targets is not None
    if rows.chats is None:
        chats: Sequence[Chat] = asked(rows)
    else:
        chats = rows.chats
    pairs = zip(chats, rows.targets, strict=True)
    return [chat if chat.answer is not None else chat.answered(str(answer)) for chat, answer in pairs]


def encode(rows: Rows, tokenizer: Any, max_length: int) -> Encoded:
    """Tokens of each conversation, with `labels` and CHARACTERS where it has an answer. Of a row that cannot be learnt
    one token is left, which is not learnt."""
    learn, cut, template = cast(How, rows.how or how_of(InstructionRows()))
    reader = tokenizer if getattr(tokenizer, "chat_template", None) else with_template(tokenizer, template)
    if rows.targets is None:
        return pack({"input_ids": [fitting(chat, reader, max_length) for chat in asked(rows)]})
    told: Any = {"learn": cast(Learn, learn), "max_length": max_length, "cut": cast(Cut, cut)}
    parts = [render(chat, reader, **told) for chat in whole(rows)]
    nothing = Rendered([tokenizer.pad_token_id or 0], [False])
    shown = [part if isinstance(part, Rendered) else nothing for part in parts]
    labels = [
        [token if wanted else IGNORED for token, wanted in zip(part.input_ids, part.learnt, strict=True)]
        for part in shown
    ]
    learnt = [[token for token in line if token != IGNORED] for line in labels]
    long = np.array([characters_read(line, tokenizer) for line in learnt], dtype=np.int64)
    made = pack({"input_ids": [part.input_ids for part in shown], "labels": labels})
    return made.with_fixed(**{CHARACTERS: long})


def written_out(rows: Rows, tokenizer: Any) -> Rows:
    """Rows of the text that stands for each conversation; what the template refuses is empty."""
    reader = with_template(tokenizer)
    chats = asked(rows) if rows.targets is None else whole(rows)
    return Rows([whole_text(chat, reader) for chat in chats], None, None, rows.ids)


def fitting(chat: Chat, reader: Any, room: int) -> list[int]:
    """Tokens of a prompt of at most `room`: without its first turns, as far as there is a later question, then without
    its first tokens. What the system says stays as long as a turn can go."""
    return shown(chat, reader, room).tokens


def shown(chat: Chat, reader: Any, room: int) -> Shown:
    """The same, with what was left out."""
    ids, whole = prompt(chat, reader), len(chat.turns)
    while len(ids) > room:
        shorter = _shorter(chat)
        if shorter is None:
            return Shown(ids[-room:], whole - len(chat.turns), cut=True)
        chat, ids = shorter, prompt(shorter, reader)
    return Shown(ids, whole - len(chat.turns))


def _shorter(chat: Chat) -> Chat | None:
    """From its second question on; None where there is none."""
    questions = [place for place, turn in enumerate(chat.turns) if turn.role == "user"]
    if len(questions) < 2:
        return None
    first = tuple(turn for turn in chat.turns[: questions[1]] if turn.role == "system")
    return Chat((*first, *chat.turns[questions[1] :]), chat.tools)


__all__ = ["CHARACTERS", "How", "asked", "encode", "fitting", "how_of", "shown", "whole", "written_out"]
