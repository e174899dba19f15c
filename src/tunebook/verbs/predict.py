"""Predict: answers of a run's model for texts, or for the rows of a file; and models of several runs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.options import DataOptions
from tunebook.verbs.answers_spread import answers_to
from tunebook.verbs.asked import given_rows, of_chats, of_preferences, text_rows
from tunebook.verbs.asking import CUT, LEFT_OUT, NO_TEXT, REJECTED, Asking, How, asking_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


def predict(run: Run, texts: Any, pairs: Sequence[Any] | None = None, **how: Unpack[How]) -> list[dict[str, Any]]:
    """What the task says of texts, cleaned as the training texts were (of classes `label`, `score` and `scores`), and
    `notes` of each.

    Notes say what is to be known of an answer: `no_text`, there was nothing to read, so that there is no label;
    `cut`, the text is longer than what the model was trained to read and lost its end; `left_out`, a conversation is
    longer than what there is room for, and its first turns or words were not read; `rejected`, the best score is below
    `reject_below`; `unsure`, it is below the score that the model was calibrated to, whether that is asked for or not.
    Scores and labels are those of a calibrated model, where it is one.

    Args:
        texts: one text a row; or rows (DataFrame, Dataset, Arrow table, list of dicts) with the columns of the book.
            What is no string (a number, a list, a time) is read as in a file; None is no text. A model that marks
            places takes lists of words for texts, too.
        pairs: second texts, for a model of pairs; None where they stand in the rows.
        how: see `How`.

    Raises:
        RunError: the run has not finished. DataError: a model of pairs without pairs, or the other way round;
            `predict.column`, the rows lack a column; `predict.words`, only some texts are lists of words;
            `predict.how`, a value out of bounds; `predict.no_scores`, `top_k` or `reject_below` of answers without such
            scores; `predict.not_written`, how to write, of a model that does not; `predict.not_told`, `system`, of one
            that does not talk; `calibrate.no_sure`, there is no score to reject below. ModelError: `calibrate.stale`.
        TunebookError: `call.type`, a single text, or what holds none.
    """
    from tunebook.data.frozen import prepared_data

    asking, ref = asking_of(how, run), prepared_data(run.plan)
    return asking.answers(given_rows(texts, pairs, ref))


def predict_file(run: Run, path: Path, options: DataOptions | None = None, **how: Unpack[How]) -> list[dict[str, Any]]:
    """The rows of a file, all their columns kept, with what `predict` says of each added.

    A column that already has such a name keeps it; the answer then goes to `predicted_label` and so on.

    Raises:
        DataError: the file or one of its rows cannot be read, or it lacks the column of texts that was named, or
            that the model was trained on.
    """
    from tunebook.data.external import refuse_lost_rows, texts_with_words
    from tunebook.data.frozen import prepared_data
    from tunebook.data.read import read

    asking = asking_of(how, run)
    options, data = options or DataOptions(), prepared_data(run.plan)
    if of_chats(data):
        return _chat_file(asking, data, path, options)
    if of_preferences(data):
        from tunebook.data.answers_asked import answers_in

        judged, table = answers_in(data, path, options)
        return _beside(table.to_pydict(), answers_to(asking, judged))
    names = text_columns(run, options)
    source = read(path, options, labelled=False, text=names[0])
    refuse_lost_rows(source)
    told = options.text is not None
    given, words = texts_with_words(data, source.table, names, path, source.roles, told=told)
    rows = text_rows(*given, data)
    answers = answers_to(asking, rows if words is None else replace(rows, words=words))
    kept = [name for name in source.table.column_names if name != source.roles.get("words")]
    columns = {name: source.table[name].to_pylist() for name in kept}
    if words is not None and "words" not in source.roles:  # what is found is told by its place in the words' text
        columns[names[0]] = given[0]
    return _beside(columns, answers)


def _beside(columns: dict[str, list[Any]], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a file with the answers to them."""
    return [
        {
            **{name: values[number] for name, values in columns.items()},
            **{_free(name, columns): value for name, value in answer.items()},
        }
        for number, answer in enumerate(answers)
    ]


def _chat_file(asking: Asking, data: DataRef, path: Path, options: DataOptions) -> list[dict[str, Any]]:
    """The same of a file of conversations or prompts: what is asked is in the column `text`.

    Raises:
        DataError: `data.column`, the file has no column of the name that was told.
    """
    from tunebook.data.chat_asked import asked_in
    from tunebook.data.chat_rows import NOT_THERE
    from tunebook.data.chats import CHAT_COLUMN
    from tunebook.data.external import asked_as, refuse_lost_rows
    from tunebook.data.read import read

    source = read(path, asked_as(data, options), labelled=False)
    if options.text is not None and (columns := source.notes.get(NOT_THERE)):
        raise DataError("data.column", key=options.text, file=str(path), flag=" (--text)", near="", columns=columns)
    refuse_lost_rows(source)
    texts, chats = asked_in(source.table)
    answers = answers_to(asking, replace(text_rows(texts, None, data), chats=chats))
    return _beside(source.table.drop_columns([CHAT_COLUMN]).to_pydict(), answers)


def text_columns(run: Run, options: DataOptions | None = None) -> tuple[str, str | None]:
    """Columns of a file in which a run's model finds text and second text; None for a model of single texts."""
    from tunebook.data.frozen import prepared_data

    roles, told = prepared_data(run.plan).roles, options or DataOptions()
    if of_chats(prepared_data(run.plan)) or of_preferences(prepared_data(run.plan)):
        return roles.text, None
    return told.text or roles.text, roles.text_pair and (told.text_pair or roles.text_pair)


def _free(name: str, columns: dict[str, list[Any]]) -> str:
    while name in columns:
        name = f"predicted_{name}"
    return name


def load_models(runs: Sequence[Run]) -> dict[str, LoadedModel]:
    """Run's id -> its model, ready to answer. A base model that several of them left as it was is in memory once.

    Raises:
        RunError: a run has not finished. ModelError: a base model is no longer what it was.
    """
    from tunebook.engine.load_several import load_models as load

    return dict(zip((run.id for run in runs), load([(run.model, run.plan) for run in runs]), strict=True))


__all__ = [
    "CUT",
    "LEFT_OUT",
    "NO_TEXT",
    "REJECTED",
    "How",
    "load_models",
    "predict",
    "predict_file",
    "text_columns",
]
