"""Recommend: a second opinion on the champion, as a child version in which every changed row says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import TunebookError
from tunebook.core.localized import localized
from tunebook.core.locations import from_book
from tunebook.core.messages import say
from tunebook.core.nouns import ParamTable
from tunebook.core.registry import task_of
from tunebook.knowledge.lesson import Lesson
from tunebook.models.source import find_model
from tunebook.tables.advice import Advice
from tunebook.tables.case import Case, Machine
from tunebook.tables.cheaper import cheaper
from tunebook.tables.in_force import techniques_of
from tunebook.tables.propose import advise
from tunebook.tables.recommend import Asked, Suggestion, learnt, opinion, recommended
from tunebook.tables.rules import Scaling
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.doctor import this_machine
from tunebook.verbs.steps.model_facts import model_facts, read_tokens

EDGE = 512 << 20
_UNKNOWN = 0.05
_LIKE = 5  # times as many or as few rows
_FEW = 2  # times the rows of which another way was measured


@dataclass(frozen=True)
class Wish:
    """For which machine, and how far the advice may go.

    Attributes:
        memory_bytes, gpu_memory_bytes, cores: of the machine that will train; None takes this one's. Memory alone
            describes a machine without GPU.
        edge_bytes: memory of a small device on which the model is to answer; 0 where that does not matter.
        scaling: how the learning rate follows a changed effective batch.
        everything: also change rows that were set on purpose.
    """

    memory_bytes: int | None = None
    gpu_memory_bytes: int | None = None
    cores: int | None = None
    edge_bytes: int = 0
    scaling: Scaling = "none"
    everything: bool = False


@dataclass(frozen=True)
class Recommendation:
    """What was recommended.

    Attributes:
        parent: version that was looked at.
        table: the child; version 0 where nothing was to be written, None where nothing would change.
        rows: what differs, with reasons; `kept` advice that was not taken on rows set on purpose.
        warnings: what no row can mend.
    """

    parent: int
    table: ParamTable | None
    rows: tuple[Suggestion, ...]
    kept: tuple[Suggestion, ...]
    warnings: tuple[str, ...]


def recommend(
    book: Book,
    wish: Wish | None = None,
    *,
    dry_run: bool = False,
    note: str = "",
    owner: str = "",
    allow: Allow = frozenset(),
) -> Recommendation:
    """Look at the champion again: task, rows, lengths, classes, balance, language, base model, machine, other books.

    Args:
        wish: None for this machine and the plain advice.
        dry_run: write nothing.
        note: of the version; else one is written.
        allow: `pickle` admits a base model whose weights are a pickle.

    Raises:
        ModelError, MachineError, BookError: as `plan`.
    """
    wish = wish or Wish()
    champion = book.champion
    case = case_of(book, champion, wish, allow=allow)
    advice, faults = _learnt(book, champion, case)
    found = opinion(champion, case, Asked(wish.scaling, wish.everything, advice))
    table = None
    if found.changes:
        words = note or localized("recommend.note", rows=case.rows, model=case.model.name)
        table = recommended(champion, found.changes, note=words, owner=owner)
        if not dry_run:
            table = _kept(book, table, found.changes)
    return Recommendation(champion.version, table, found.changes, found.kept, (*warnings(case), *faults))


def case_of(book: Book, table: ParamTable, wish: Wish, *, allow: Allow = frozenset()) -> Case:
    """The book's data, the table's base model and the machine that was wished for."""
    data, name = book.data, str(table.values()["base_model"])
    folder = find_model(from_book(name, book.path), allow_pickle="pickle" in allow)
    tokens = read_tokens(data, folder, allow_unknown=True)
    task = task_of(data.task)()
    return Case(
        {**data.stats, "tokens": tokens},
        data.labels,
        data.rows["train"],
        model_facts(name, folder, task, data.labels, tokens["positions"]),
        machine(wish),
        wish.edge_bytes,
        task.read_share(data.stats, techniques_of(table)),
        data.task,
        frozenset(techniques_of(table)),
    )


def machine(wish: Wish) -> Machine:
    """The machine that was wished for; what was not said is this one's."""
    found = this_machine()
    if wish.memory_bytes is not None:
        found = {**found, "memory_bytes": wish.memory_bytes, "gpu_memory_bytes": 0, "bf16": False}
    localized: Mapping[str, Any] = {"gpu_memory_bytes": wish.gpu_memory_bytes, "cores": wish.cores}
    return Machine(**{**found, **{name: value for name, value in localized.items() if value is not None}})


def warnings(case: Case) -> list[str]:
    """What no row can mend: a model that does not fit or cannot read the texts, few rows that need no such model."""
    found, model, mib = [], case.model, 2**20
    share = float((case.stats.get("tokens") or {}).get("unknown_share") or 0.0)
    if share > _UNKNOWN:
        found.append(say("recommend.unknown_tokens", model=model.name, share=f"{share:.0%}"))
    if not case.holds_state:
        needed, room = model.state_bytes // mib, case.machine.room // mib
        found.append(say("recommend.too_big", model=model.name, needed=needed, room=room))
    needed = model.answering_bytes(case.length)
    if case.edge_bytes and needed > case.edge_bytes:
        room = case.edge_bytes // mib
        found.append(say("recommend.edge_big", model=model.name, needed=needed // mib, room=room))
    way = cheaper()
    if way is not None and case.task == "text_classification" and case.rows <= _FEW * way.rows:
        told = {"name": way.name, "even": way.even, "sets": way.sets, "share": way.share, "measured": way.rows}
        found.append(say("recommend.cheaper", rows=case.rows, **told))
    return found


def similar(case: Case, book: Book) -> list[Lesson]:
    """What other books on the same task and language, with a like number of rows, have found out."""
    from tunebook.knowledge.index import Index, Question

    question = Question(
        action="test",
        task=book.data.task,
        language=str(case.stats.get("language") or ""),
        least=case.rows // _LIKE,
        most=case.rows * _LIKE,
    )
    return [lesson for lesson in Index().find(question) if lesson.group != book.data.content]


def _learnt(book: Book, table: ParamTable, case: Case) -> tuple[dict[str, Advice], list[str]]:
    """Advice of the knowledge base on what the rules would have there; a broken index is a warning, no failure."""
    values = {**table.values(), **{name: item.value for name, item in advise(case).items()}}
    metric = str(values["metric"])
    headline = task_of(book.data.task)().headline(book.data.labels)
    try:
        return learnt(values, similar(case, book), headline if metric == "auto" else metric), []
    except TunebookError as error:
        return {}, [error.message]


def _kept(book: Book, table: ParamTable, changes: tuple[Suggestion, ...]) -> ParamTable:
    added = book.tables.add(table)
    book.log.append(
        "recommend",
        actor=table.owner,
        reason=table.note,
        table=added.version,
        evidence={"parent": table.parent, "rows": [item.to_json() for item in changes]},
    )
    return added


__all__ = ["EDGE", "Recommendation", "Wish", "case_of", "machine", "recommend", "similar", "warnings"]
