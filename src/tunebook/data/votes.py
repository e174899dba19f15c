"""Answers that several people gave to the same texts: one row a text, with the label of most and all the votes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import cache
from typing import Any

from tunebook.core.nouns import DataRef, Roles
from tunebook.data.cells import as_text
from tunebook.data.exports import Export, to_export
from tunebook.data.kind import column_kind
from tunebook.data.label_names import EMPTY

# Columns of prepared rows that are the book's own; a column of the file that is called so becomes `source_NAME`.
OWN = ("_id", "_row", "_file", "_split", "text", "pair", "label", "weight")
# More people than these are columns by place (the row's first vote, its second ...), not by name.
RAGGED = "ragged"
_PEOPLE = 20
_NAME = 20  # longer names (UUIDs, addresses) become numbers


def annotator_columns(roles: Roles, names: Iterable[str]) -> list[str]:
    """The annotators' columns among those of prepared rows, where one called as a book's own has another name."""
    known = set(names)
    found = [f"source_{name}" if name in OWN else name for name in roles.annotators]
    return [name for name in found if name in known]


def votes(columns: Mapping[str, Sequence[Any]], data: DataRef) -> list[list[Any]]:
    """The votes on each row: one of every annotator who said something of it.

    Args:
        columns: all further columns of the rows; those of annotators are found by the book's roles.
    """
    said = [columns[name] for name in annotator_columns(data.roles, columns)]
    if not said:
        return [[] for _ in next(iter(columns.values()), ())]
    read = cache(lambda cell: _vote(cell, data))  # few cells differ, and rows are many
    cells = ([read(_plain(cell)) for cell in row] for row in zip(*said, strict=True))
    return [[vote for vote in row if vote is not None] for row in cells]


def _plain(cell: Any) -> str:
    """A cell as text; a list in the spelling of JSON."""
    return (as_text(cell) or "").strip()


def _vote(cell: str, data: DataRef) -> Any:
    """What a cell says; None where that is nothing."""
    if cell.lower() in EMPTY:
        return None
    return column_kind(data.labels.problem).vote(cell, data)


@dataclass(frozen=True)
class Answer:
    """What one person said of one item.

    Attributes:
        item: what tells the item from others; row: its number in the file.
        columns: the item's columns, of which the first answer's are taken.
        who: the person; said: the labels, in order; a number stands alone.
        left_out: why the answer does not count (`skipped`, `unlabelled`, `rejected`, `ragged`), a reason of
            the ledger; `detail`: what is worth knowing beside it.
        when: when it was given; of one person's answers the latest counts.
    """

    item: Any
    row: int
    columns: dict[str, Any]
    who: str = ""
    said: tuple[Any, ...] = ()
    left_out: str = ""
    when: str = ""
    detail: str = ""


@dataclass
class _Item:
    """The answers to an item: the first one, and each person's latest that counts; whether one was left out without a
    time that says which is later."""

    first: Answer
    votes: dict[str, Answer] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    detail: str = ""
    again: bool = False


def join_answers(
    answers: Iterable[Answer],
    label: str | None,
    roles: dict[str, Any],
    notes: dict[str, str] | None = None,
    *,
    spans: bool = False,
) -> Export:
    """One row an item, with the label that most gave; where several have as many votes, a row for each of them.

    Labels are words where no answer has more than one, else lists of those that at least half of the answers have, or
    that no other has more often. Where an item has several votes, each person is a column of the part `annotators`.
    Items without an answer that counts are left out, for the reason that most have.

    Args:
        label: name of the column of labels; None for rows to predict: every item, whatever was said of it.
        roles: the other parts.
        spans: labels are marked places (`Mark`).
    """
    items = _by_item(answers, str(roles.get("text")))
    if label is None:
        broken = {item.first.row: "" for item in items.values() if item.left[:1] == [RAGGED]}
        texts = [(item.first.row, item.first.columns) for item in items.values() if item.first.row not in broken]
        return to_export(texts, roles, faults={RAGGED: broken} if broken else {}, notes=notes or {})
    several = spans or any(len(vote.said) > 1 for item in items.values() for vote in item.votes.values())
    people = _people(list(items.values()))
    rows: list[tuple[int, dict[str, Any]]] = []
    faults: dict[str, dict[int, str]] = {}
    for item in items.values():
        if not item.votes:
            reason = Counter(item.left).most_common(1)[0][0]
            faults.setdefault(reason, {})[item.first.row] = item.detail
            continue
        votes = _votes(item, people, several)
        given = {vote.said: vote.row for vote in reversed(item.votes.values())}
        for said in _winners([vote.said for vote in item.votes.values()], several, spans):
            row = given.get(said, item.first.row)
            rows.append((row, {**item.first.columns, label: _cell(said, several), **votes}))
    roles = {**roles, "label": label, **({"annotators": [*people]} if people else {})}
    again = [item.first.row for item in items.values() if item.again]
    changed = {"answered_again": again} if again else {}
    return to_export(rows, roles, faults=faults, notes=notes or {}, changed=changed)


def _by_item(answers: Iterable[Answer], text: str) -> dict[Hashable, _Item]:
    """Items by what tells them apart and by their text: files of two projects put together have their numbers twice."""
    items: dict[Hashable, _Item] = {}
    for answer in answers:
        key = answer.item if isinstance(answer.item, str | int | tuple) else as_text(answer.item)
        item = items.setdefault((key, as_text(answer.columns.get(text))), _Item(answer))
        if answer.left_out:
            item.left.append(answer.left_out)
            item.detail = item.detail or answer.detail
        elif answer.who not in item.votes or answer.when > item.votes[answer.who].when:
            item.votes[answer.who] = answer
        else:
            held = item.votes[answer.who]
            item.again |= answer.when == held.when and answer.said != held.said
    return items


def _people(items: Sequence[_Item]) -> dict[str, str | int]:
    """Column -> person, or place of the vote; empty where no item has two votes."""
    most = max((len(item.votes) for item in items), default=0)
    if most < 2:
        return {}
    people = sorted({who for item in items for who in item.votes}, key=lambda who: (len(who), who))
    if len(people) > _PEOPLE:
        return {f"annotator {place + 1}": place for place in range(most)}
    short = all(len(who) <= _NAME for who in people)
    return {f"annotator {who if short else number}": who for number, who in enumerate(people, start=1)}


def _votes(item: _Item, people: dict[str, str | int], several: bool) -> dict[str, Any]:
    by_place = dict(enumerate(item.votes.values()))
    found = {
        column: by_place.get(who) if isinstance(who, int) else item.votes.get(who) for column, who in people.items()
    }
    return {column: _cell(vote.said, several) if vote else None for column, vote in found.items()}


def _winners(said: Sequence[tuple[Any, ...]], several: bool, spans: bool) -> list[tuple[Any, ...]]:
    """The labels of a row, for each row that an item becomes."""
    if several:
        counts = Counter(label for labels in said for label in dict.fromkeys(labels))
        if spans:  # of more than half, so that no two of them overlap
            return [tuple(sorted(mark for mark, count in counts.items() if 2 * count > len(said)))]
        half, none = len(said) / 2, said.count(())  # an empty answer says that no label applies
        least = half if none >= half else min(half, max(counts.values()))
        return [tuple(label for label, count in counts.items() if count >= least)]
    counts = Counter(labels[0] for labels in said)
    return [(label,) for label, count in counts.items() if count == max(counts.values())]


def broken_rows(ragged: Mapping[int, str]) -> list[Answer]:
    """Rows of a wrong number of cells, as answers that do not count."""
    return [Answer((RAGGED, row), row, {}, left_out=RAGGED) for row in ragged]


def _cell(said: tuple[Any, ...], several: bool) -> Any:
    if not several:
        return said[0]
    return [vars(item) if is_dataclass(item) else item for item in dict.fromkeys(said)]


__all__ = ["OWN", "RAGGED", "Answer", "annotator_columns", "broken_rows", "join_answers", "votes"]
