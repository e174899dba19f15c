"""Rows by which the contract suite checks the task: the halves of sentences, behind which the right half is better."""

from __future__ import annotations

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.chat import Chat
from tunebook.core.hooks import SENTENCES, Case
from tunebook.core.nouns import Labels
from tunebook.core.params import Value
from tunebook.core.written import texts_of
from tunebook.tasks.preference.told import Told, there

_LABELS = Labels(problem="preference")


def pairs(loss: str) -> Case:
    """The own second half of each sentence, and that of another one; the first and the last row have one answer, of
    which pairs learn nothing."""
    asked, answers = _halves()
    targets = np.stack([texts_of(answers), texts_of(answers[3:] + answers[:3])], axis=1)
    targets[0, 1] = targets[-1, 0] = ""
    return _case(f"pairs {loss}", asked, targets, loss)


def alone() -> Case:
    """One of them, as good or bad, and of every third row both."""
    asked, answers = _halves()
    targets = np.stack([texts_of(answers), texts_of(answers[3:] + answers[:3])], axis=1)
    single = np.flatnonzero(np.arange(len(asked)) % 3 != 1)
    targets[single, single % 2] = ""
    return _case("alone kto", asked, targets, "kto")


def _halves() -> tuple[list[str], list[str]]:
    words = [text.split() for text in SENTENCES if len(text.split()) > 3] * 2
    asked = [" ".join(line[: 2 + number % 2]) for number, line in enumerate(words)]
    return asked, [" ".join(line[2 + number % 2 :][: 3 + number % 3]) for number, line in enumerate(words)]


def _case(name: str, asked: list[str], targets: np.ndarray, loss: str) -> Case:
    """Rows whose right answers are that better ones have gained, and worse ones lost."""
    known = there(targets)
    tokens = np.array([[len(text.split()) for text in pair] for pair in targets.tolist()], dtype=np.float64)
    told = Told(tokens * (-1.0, -3.0), tokens, np.where(known, -2.0 * tokens, 0.0))
    params: dict[str, Value] = {"preference.loss": loss, "preference.template": "plain"}
    rows = Rows(
        asked, None, targets, [str(number) for number in range(len(asked))],
        chats=[Chat.of(("user", text)) for text in asked], how=("mark", "unasked" if loss == "kto" else "", "plain"),
    )  # fmt: skip
    return Case(name, _LABELS, rows, right=told.matrix(), params=params, base="decoder")


__all__ = ["alone", "pairs"]
