"""What a model writes: prompts, as far as they fit, and its answers to them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.progress import Progress
from tunebook.core.settings import Filled
from tunebook.core.writes import Manner
from tunebook.core.written import FIGURES, Written
from tunebook.models.chat_template import with_template
from tunebook.models.positions import positions_in
from tunebook.nets.generate import Generation, Made, generate
from tunebook.tasks.instruction.conversations import asked, fitting
from tunebook.tasks.instruction.rows import InstructionRows

# A thought without words at the beginning, which templates of models that may think write before an answer.
_NOTHING = re.compile(r"\A\s*<think>\s*</think>\s*")
_LEAST = 8  # tokens of a prompt that are kept in any case


def told(most: int, manner: Manner | None) -> Generation:
    """How to write: the likeliest token each time, `most` of them, but for what a manner says."""
    return Generation(**{"max_new_tokens": most, **(manner.told() if manner else {})})


def written(
    model: Any, tokenizer: Any, rows: Rows, params: Filled, how: Generation, progress: Progress | None = None
) -> Written:
    """An answer to each row."""
    own = params.more(InstructionRows)
    reader = tokenizer if tokenizer.chat_template else with_template(tokenizer, own.template)
    room = room_of(model, params.max_length, how.max_new_tokens)
    prompts = [fitting(chat, reader, room) for chat in asked(rows)]
    return packed(generate(model, prompts, tokenizer=reader, how=how, progress=progress))


def room_of(model: Any, max_length: int, new: int) -> int:
    """Tokens of a prompt beside which an answer of `new` tokens has its place, at most `max_length`; half of what the
    model can take where that is less."""
    positions = positions_in(model.config.get_text_config(decoder=True).to_dict()) or 10**6
    return max(min(max_length, max(positions - new, positions // 2)), _LEAST)


def packed(made: Sequence[Made]) -> Written:
    """Answers as a matrix is made of them; nothing is known of the true ones."""
    figures = np.full((len(made), FIGURES), np.nan, dtype=np.float32)
    figures[:, FIGURES - 2] = [one.stopped for one in made]
    figures[:, FIGURES - 1] = [len(one.tokens) for one in made]
    return Written([_NOTHING.sub("", one.text) for one in made], figures)


__all__ = ["packed", "room_of", "told", "written"]
