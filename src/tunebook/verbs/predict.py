"""Predict: answers of a run's model for texts, or for the rows of a file; and models of several runs side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tunebook.core.chat import Turn, question
from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Plan
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Task, searching
from tunebook.core.writes import Manner, Talks, Writes
from tunebook.data.options import DataOptions
from tunebook.verbs.asked import given_rows, of_chats, of_preferences, text_rows
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.engine.load import LoadedModel


NO_TEXT, CUT, LEFT_OUT, REJECTED = "no_text", "cut", "left_out", "rejected"
_ROWS = 64
_BOUNDS: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "top_k": (lambda value: value >= 1, "1 – …"),
        "reject_below": (lambda value: 0 <= value <= 1, "0 – 1"),
        "batch_size": (lambda value: value >= 1, "1 – …"),
        "max_new_tokens": (lambda value: value >= 1, "1 – …"),
        "temperature": (lambda value: 0 <= value <= 100, "0 – 100"),
        "top_p": (lambda value: 0 < value <= 1, "> 0, <= 1"),
        "seed": (lambda value: value >= 0, "0 – …"),
        "stop": (lambda value: all(_words(value)), "str, …"),
        "tokens_at_once": (lambda value: value >= 1, "1 – …"),
    }
)
_MANNER = tuple(Manner.__dataclass_fields__)


class How(TypedDict, total=False):
    """How answers are asked for.

    Attributes:
        top_k: keep the scores of so many classes, the best ones first.
        reject_below: give no label, or no span, whose score is below it.
        batch_size: rows of one forward pass; 64 unless said otherwise.
        progress: is told how far it is.
        max_new_tokens, temperature, top_p, seed, stop, tokens_at_once: how a model that writes does, as
            `tunebook.core.writes.Manner` has them; `stop` are words.
        system: what a model that talks is told before texts and conversations in which no system speaks.
    """

    top_k: int | None
    reject_below: float | None
    batch_size: int
    progress: Progress | None
    max_new_tokens: int | None
    temperature: float | None
    top_p: float | None
    seed: int | None
    stop: Sequence[str] | None
    tokens_at_once: int | None
    system: str | None


def predict(run: Run, texts: Any, pairs: Sequence[Any] | None = None, **how: Unpack[How]) -> list[dict[str, Any]]:
    """What the task says of texts, cleaned as the training texts were (of classes `label`, `score` and `scores`), and
    `notes` of each.

    Notes say what is to be known of an answer: `no_text`, there was nothing to read, so that there is no label;
    `cut`, the text is longer than what the model was trained to read and lost its end; `left_out`, a conversation is
    longer than what there is room for, and its first turns or words were not read; `rejected`, the best score is below
    `reject_below`.

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
            that does not talk. TunebookError: `call.type`, a single text, or what holds none.
    """
    from tunebook.data.frozen import prepared_data

    asking, ref = _asking(how, run), prepared_data(run.plan)
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

    asking = _asking(how, run)
    options, data = options or DataOptions(), prepared_data(run.plan)
    if of_chats(data):
        return _chat_file(asking, data, path, options)
    if of_preferences(data):
        from tunebook.data.answers_asked import answers_in

        judged, table = answers_in(data, path, options)
        return _beside(table.to_pydict(), asking.answers(judged))
    names = text_columns(run, options)
    source = read(path, options, labelled=False, text=names[0])
    refuse_lost_rows(source)
    told = options.text is not None
    given, words = texts_with_words(data, source.table, names, path, source.roles, told=told)
    rows = text_rows(*given, data)
    answers = asking.answers(rows if words is None else replace(rows, words=words))
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


def _chat_file(asking: _Asking, data: DataRef, path: Path, options: DataOptions) -> list[dict[str, Any]]:
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
        raise DataError("data.column", key=options.text, file=str(path), near="", columns=columns)
    refuse_lost_rows(source)
    texts, chats = asked_in(source.table)
    answers = asking.answers(replace(text_rows(texts, None, data), chats=chats))
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


def _asking(how: How, run: Run) -> _Asking:
    folder, plan = run.model, run.plan
    task = task_of(plan.task)()
    for name, (fits, allowed) in _BOUNDS.items():
        value: Any = how.get(name)
        if value is None:
            continue
        if not fits(value):
            raise DataError("predict.how", key=name, value=value, allowed=allowed)
        if name in ("top_k", "reject_below") and name not in task.options(plan.labels):
            raise DataError("predict.no_scores", key=name, value=value)
        if name in _MANNER and not isinstance(task, Writes):
            raise DataError("predict.not_written", key=name, value=value)
    if how.get("system") and not (isinstance(task, Writes) and isinstance(task, Talks)):
        raise DataError("predict.not_told", key="system", value=how.get("system"))
    return _Asking(how, task, folder, plan)


@dataclass(frozen=True)
class _Asking:
    """What is wanted of the answers."""

    how: How
    task: Task
    folder: Path
    plan: Plan

    def answers(self, rows: Rows) -> list[dict[str, Any]]:
        """An answer for each row; only those with a text are read."""
        from tunebook.engine.load import load_to_answer  # not before all that can be refused without torch

        there = [number for number, text in enumerate(rows.texts) if text.strip() and _second(rows, number).strip()]
        blank = self.task.blank(self.plan.labels)
        rows = _with_system(self._known(rows), self.how.get("system") or "")
        found: list[dict[str, Any]] = [{**blank, "notes": [NO_TEXT]} for _ in range(len(rows))]
        if there:
            model = load_to_answer(self.folder, self.plan)
            size = self.how.get("batch_size") or _ROWS
            answers, cut = model.answers(rows.at(there), self.how.get("progress"), size, self._manner())
            lost = self._left_out(model, rows.at(there)) or [[CUT] if short else [] for short in cut]
            for number, answer, notes in zip(there, answers, lost, strict=True):
                found[number] = self._noted(answer, notes)
        return found

    def _left_out(self, model: LoadedModel, rows: Rows) -> list[list[str]]:
        """Notes of conversations that a model answers, whose beginning had no room; none of any other rows."""
        if not (isinstance(self.task, Talks) and isinstance(self.task, Writes)):
            return []
        chats = [question(text) for text in rows.texts] if rows.chats is None else [chat.asked for chat in rows.chats]
        new = self.how.get("max_new_tokens") or self.task.longest(self.plan.params)
        shown = [self.task.prompted(model, chat, new) for chat in chats]
        return [[LEFT_OUT] if one.left_out or one.cut else [] for one in shown]

    def _manner(self) -> Manner | None:
        """How the model is to write; None where nobody said anything."""
        given: dict[str, Any] = {name: self.how[name] for name in _MANNER if self.how.get(name) is not None}  # type: ignore[literal-required]
        if "stop" in given:
            given["stop"] = _words(given["stop"])
        return Manner(**given) if given else None

    def _known(self, rows: Rows) -> Rows:
        """With the passages of the book, where answers are some of them."""
        if not searching(self.task, self.plan.labels):
            return rows
        from tunebook.data.frozen import prepared_data
        from tunebook.data.load import load

        book = load(prepared_data(self.plan), "validation")
        return replace(rows, passages=book.passages, passage_ids=book.passage_ids)

    def _noted(self, answer: dict[str, Any], notes: list[str]) -> dict[str, Any]:
        """An answer with its notes, without the scores that are not wanted."""
        answer, rejected = self.task.narrow(answer, self.how.get("top_k"), self.how.get("reject_below"))
        return {**answer, "notes": [*notes, *([REJECTED] if rejected else [])]}


def _words(stop: Any) -> tuple[Any, ...]:
    """Stop words; a text alone is one of them."""
    return (stop,) if isinstance(stop, str) else tuple(stop)


def _with_system(rows: Rows, system: str) -> Rows:
    """Rows in which these words of a system stand before conversations in which none speaks."""
    if not system:
        return rows
    chats = [question(text) for text in rows.texts] if rows.chats is None else rows.chats
    first = Turn("system", system)
    spoken = [any(turn.role == "system" for turn in chat.turns) for chat in chats]
    return replace(
        rows,
        chats=[
            chat if there else replace(chat, turns=(first, *chat.turns))
            for chat, there in zip(chats, spoken, strict=True)
        ],
    )


def _second(rows: Rows, number: int) -> str:
    """The second text of a row; of a single text the first one."""
    return (rows.pairs or rows.texts)[number]


def load_models(runs: Sequence[Run]) -> dict[str, LoadedModel]:
    """Run's id -> its model, ready to answer. A base model that several of them left as it was is in memory once.

    Raises:
        RunError: a run has not finished. ModelError: a base model is no longer what it was.
    """
    from tunebook.engine.load import load_models as load

    return dict(zip((run.id for run in runs), load([(run.model, run.plan) for run in runs]), strict=True))


__all__ = ["CUT", "LEFT_OUT", "NO_TEXT", "REJECTED", "How", "load_models", "predict", "predict_file", "text_columns"]
