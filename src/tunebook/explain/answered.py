"""Rows with what a model says of them, where that has to be asked before it can be explained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tunebook.core.answers import Rows
from tunebook.core.errors import DataError, RunError
from tunebook.core.explains import Explains
from tunebook.core.judged import Judged
from tunebook.core.task import searching
from tunebook.core.writes import Writes
from tunebook.core.written import texts_of

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


def answered(loaded: LoadedModel, rows: Rows) -> Rows:
    """Rows of which each holds what is to be explained: of a model that writes its text as the target, of one that
    searches, where rows have no target, the passage that it finds first, or, of texts with a class, the training text
    that decides it as the second text. Other rows are what they are.

    Raises:
        RunError: `explain.task`. DataError: `explain.empty`.
    """
    task = loaded.task
    if not isinstance(task, Explains):
        raise RunError("explain.task", key=loaded.plan.id, value=loaded.plan.task)
    for number, text in enumerate(rows.texts):
        if not text.strip() or (rows.pairs is not None and not rows.pairs[number].strip()):
            raise DataError("explain.empty", key=str(number + 1), value=text)
    if isinstance(task, Writes):
        chats = None if rows.chats is None else [chat.asked for chat in rows.chats]
        asked = replace(rows, chats=chats, targets=None)
        said = task.written(loaded.model, loaded.tokenizer, task.seen(asked, loaded.plan.params), loaded.plan.params)
        return replace(asked, targets=texts_of(said.texts))
    if not searching(task, loaded.plan.labels):
        return rows
    if rows.targets is not None or rows.pairs is not None:  # somebody said what is to be held against them
        return rows
    if rows.passages is not None:
        return replace(rows, targets=Judged.of(loaded.logits(rows)).best(1).matrix())
    return _beside_nearest(loaded, rows)


def _beside_nearest(loaded: LoadedModel, rows: Rows) -> Rows:
    """Each text beside the training text of the class which is said that is nearest to it, but not itself."""
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load

    train = load(prepared_data(loaded.plan), "train")
    assert train.targets is not None
    said = loaded.logits(rows).argmax(axis=1)
    known, asked = (loaded.net.vectors(loaded.task.seen(each, loaded.plan.params).texts) for each in (train, rows))
    alike = asked @ known.T
    alike[train.targets[None] != said[:, None]] = -np.inf
    alike[np.array(rows.texts)[:, None] == np.array(train.texts)[None]] = -np.inf
    near = [train.texts[place] for place in alike.argmax(axis=1).tolist()]
    return replace(rows, pairs=near)


__all__ = ["answered"]
