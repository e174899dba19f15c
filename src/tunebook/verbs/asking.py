"""How answers are asked for: what is wanted of them, and who gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from tunebook.bundle.calibrated import UNSURE, Calibrated
from tunebook.core.backends import EAGER, ONNX, WANTED, Backend
from tunebook.core.chat import Turn, question
from tunebook.core.errors import DataError, ModelError
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Task, searching
from tunebook.core.writes import Manner, Talks, Writes
from tunebook.verbs.steps.calibration import calibration_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.backends.choice import Chosen
    from tunebook.engine.load import LoadedModel


NO_TEXT, CUT, LEFT_OUT, REJECTED = "no_text", "cut", "left_out", "rejected"
CALIBRATED = "calibrated"  # in place of a score: the one that the model was calibrated to
ROWS = 64  # of one forward pass
_BOUNDS: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType(
    {
        "top_k": (lambda value: value >= 1, "1 – …"),
        "reject_below": (lambda value: value == CALIBRATED or 0 <= value <= 1, f"0 – 1 | {CALIBRATED}"),
        "batch_size": (lambda value: value >= 1, "1 – …"),
        "backend": (lambda value: value in WANTED, " | ".join(WANTED)),
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
        reject_below: give no label, or no span, whose score is below it; `calibrated` takes the score from which on
            answers of this model are sure.
        batch_size: rows of one forward pass; 64 unless said otherwise.
        progress: is told how far it is.
        backend: by what the model answers: `eager`, torch as it is, unless said otherwise; `onnx`, the same model in
            onnxruntime; `auto`, whichever is measured to be quicker for so many rows, and answers the same.
        chosen: is called with what answered, a `tunebook.backends.choice.Chosen`, where that is not `eager` as asked.
        max_new_tokens, temperature, top_p, seed, stop, tokens_at_once: how a model that writes does, as
            `tunebook.core.writes.Manner` has them; `stop` are words.
        system: what a model that talks is told before texts and conversations in which no system speaks.
    """

    top_k: int | None
    reject_below: float | Literal["calibrated"] | None
    batch_size: int
    progress: Progress | None
    backend: Backend
    chosen: Callable[[Chosen], None] | None
    max_new_tokens: int | None
    temperature: float | None
    top_p: float | None
    seed: int | None
    stop: Sequence[str] | None
    tokens_at_once: int | None
    system: str | None


def asking_of(how: How, run: Run) -> Asking:
    """Of a run's model. Raises as `predict`."""
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
    if how.get("backend") == ONNX and isinstance(task, Writes):
        raise ModelError("backend.unfit", key="backend", value=task.key)
    if how.get("system") and not (isinstance(task, Writes) and isinstance(task, Talks)):
        raise DataError("predict.not_told", key="system", value=how.get("system"))
    calibrated = calibration_of(run)
    if how.get("reject_below") == CALIBRATED and (calibrated is None or calibrated.sure is None):
        raise DataError("calibrate.no_sure", key="reject_below", value=CALIBRATED, run=run.id)
    return Asking(how, task, folder, plan, calibrated, run)


@dataclass(frozen=True)
class Asking:
    """What is wanted of the answers; `run` is that of the model, where its book is at hand."""

    how: How
    task: Task
    folder: Path
    plan: Plan
    calibrated: Calibrated | None
    run: Run | None = None

    def answers(self, rows: Rows) -> list[dict[str, Any]]:
        """An answer for each row; only those with a text are read."""
        from tunebook.engine.load import load_to_answer  # not before all that can be refused without torch

        there = [number for number, text in enumerate(rows.texts) if text.strip() and _second(rows, number).strip()]
        blank = self.task.blank(self.plan.labels)
        rows = _with_system(self._known(rows), self.how.get("system") or "")
        found: list[dict[str, Any]] = [{**blank, "notes": [NO_TEXT]} for _ in range(len(rows))]
        if there:
            model = self._by_backend(load_to_answer(self.folder, self.plan))
            size = self.how.get("batch_size") or ROWS
            asked = rows.at(there)
            answers, cut = model.answers(asked, self.how.get("progress"), size, self._manner(), self.calibrated)
            lost = self._left_out(model, rows.at(there)) or [[CUT] if short else [] for short in cut]
            for number, answer, notes in zip(there, answers, lost, strict=True):
                found[number] = self._noted(answer, notes)
        return found

    def _by_backend(self, model: LoadedModel) -> LoadedModel:
        """The model with the backend that was asked for."""
        wanted = self.how.get("backend", EAGER)
        if wanted == EAGER or isinstance(self.task, Writes):  # what writes has no graph: auto is torch
            return model
        from tunebook.backends.way import chosen_way

        return chosen_way(model, wanted, self.folder, self.run, self.how.get("chosen"))

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
        asked = self.how.get("reject_below")
        known = None if self.calibrated is None else self.calibrated.sure
        least = known if isinstance(asked, str) else asked
        answer, rejected = self.task.narrow(answer, self.how.get("top_k"), least)
        own = [*notes, *answer.get("notes", ())]
        return {**answer, "notes": [*own, *([REJECTED] if rejected and UNSURE not in own else [])]}


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


__all__ = ["CALIBRATED", "CUT", "LEFT_OUT", "NO_TEXT", "REJECTED", "ROWS", "Asking", "How", "asking_of"]
