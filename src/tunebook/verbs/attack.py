"""Attack: words of rows that a run answers rightly are replaced by like ones, until it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from tunebook.challenge.attack import Attack, Attacked, Vectors, vocabulary_of
from tunebook.challenge.changed import Changed, of_places
from tunebook.challenge.measure import LEAST, Judge, compared, rights
from tunebook.challenge.record import Capability
from tunebook.core.answers import Answers, Rows
from tunebook.core.errors import MachineError
from tunebook.core.files import content_id
from tunebook.core.localized import localized
from tunebook.core.registry import task_of
from tunebook.verbs.steps.answers import model_key
from tunebook.verbs.steps.book import kept
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LENGTH = 128  # tokens of a text whose meaning is compared
_TRAIN = 20_000  # rows whose words may be put in


def attack(run: Run, judge: Judge, drawn: tuple[Rows, Answers], count: int) -> Capability:
    """What is left of a run's score on so many rows when somebody searches for words that turn its answers.

    What was found is kept in the book. It is no test: somebody who searches finds something, and the more, the longer.

    Args:
        drawn: rows with the answers to them; the first `count` of those that are answered rightly are attacked.
    """
    made = Capability(key="attack", group="meaning", source="attack")
    if judge.labels.kind.classes != "one" or judge.labels.kind.link != "softmax" or of_places(judge.data):
        return made.model_copy(update={"skipped": localized("challenge.attack_task")})
    rows, before = drawn
    places = np.flatnonzero(rights(judge, *drawn))[:count]
    chosen = rows.at(places.tolist(), columns=True)
    if len(chosen) < LEAST:
        return made.model_copy(update={"skipped": localized("challenge.few", rows=len(chosen), least=LEAST)})
    try:
        found = _found(run, judge, chosen)
    except MachineError as error:
        reason = localized("challenge.attack_library", reason=error.message, advice=error.advice)
        return made.model_copy(update={"skipped": reason})
    changed = Changed(replace(chosen, texts=found.texts), np.arange(len(chosen)), 0)
    made = made.model_copy(update={"rows": len(chosen), "queries": found.queries / len(chosen)})
    after = judge.ask(changed.rows, "attack")
    done = compared(judge, made, (chosen, before[places]), (changed.rows, after), changed)
    return done.model_copy(update={"p_value": None})  # of what was searched for chance is no explanation


def _found(run: Run, judge: Judge, rows: Rows) -> Attacked:
    from tunebook.data.load import load

    assert judge.once is not None
    once = judge.once
    train = load(judge.data, "train").texts[:_TRAIN]
    language = str(judge.data.stats.get("language", "other"))
    how = Attack(once, _vectors, vocabulary_of(train, language), language)
    about = [model_key(run), rows.texts_id, how.word, how.text, how.candidates, how.share, judge.data.content]
    return Attacked(**kept(run.book, f"attack-{content_id(about)}", lambda: how.run(rows).model_dump()))


def _vectors(texts: Sequence[str]) -> NDArray[np.float32]:
    """Vectors of texts by the built-in multilingual model, which wants to be told what they are."""
    return _encoder()([f"query: {text}" for text in texts])


@cache
def _encoder() -> Vectors:
    """That model, loaded once.

    Raises:
        MachineError: the package that carries it is not installed.
    """
    from tunebook.engine.infer import encoder
    from tunebook.models.multilingual import multilingual
    from tunebook.models.source import load_tokenizer

    folder = multilingual()
    return encoder(folder, task_of("text_classification")(), load_tokenizer(folder), _LENGTH)


__all__ = ["attack"]
