"""Rows of preferences, and what is made of them, for the tests of the task."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests import small, tiny
from tunebook.core.answers import Rows
from tunebook.core.chat import Chat
from tunebook.core.nouns import Labels
from tunebook.core.written import texts_of
from tunebook.models.chat_template import with_template
from tunebook.tasks.preference import Preference

TASK, LABELS = Preference(), Labels(problem="preference")
WORDS = [*small.words(), "user", "assistant", "system", ":"]


def reader() -> Any:
    """A tokenizer of the small language with the plain chat template."""
    return with_template(small.tokenizer(vocabulary=WORDS), "plain")


def rows(*pairs: tuple[str, str], asked: Any = None, how: tuple[str, ...] = ("mark", "", "plain")) -> Rows:
    """Rows of a better and a worse answer each, either of which may be empty, behind one prompt."""
    chats = [asked or Chat.of(("user", "we found it"))] * len(pairs)
    targets = np.stack([texts_of([pair[side] for pair in pairs]) for side in (0, 1)], axis=1)
    texts = [chat.turns[-1].content for chat in chats]
    return Rows(texts, None, targets, [str(number) for number in range(len(pairs))], chats=chats, how=how)


def model() -> Any:
    """A tiny decoder whose weights are as large as trained ones."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(2)
    found = AutoModelForCausalLM.from_config(tiny.config("llama", dropout=0.0)).eval()
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
    return found
