"""What users read of entities: spans in their own text, what was confused, missed, invented or cut, lines of a card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.spans import SAID, TRUE, Spans, told
from tunebook.core.answers import Rows
from tunebook.core.hooks import Writer
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Column, HeatMap, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks.label_words import class_table
from tunebook.tasks.tagging.scores import by_type, overlaps
from tunebook.tasks.tagging.writers import WRITERS

Array = NDArray[Any]
KINDS = ("missed", "invented", "other_type", "other_borders")
READ = ("windows", "mended", "apart")  # why a plain pipeline may read a row otherwise
_CONTEXT = 20  # code points on either side of an entity
_SHOWN = 20  # entities of each kind that a page lists


class EntityWords(Task):
    """The part of tagging that users read."""

    pipeline: ClassVar[str] = "token-classification"
    auto_model: ClassVar[str] = "AutoModelForTokenClassification"
    windows: ClassVar[bool] = True
    records: ClassVar[bool] = True

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """`spans` of each row, each with `start`, `end`, `label`, `text` and `score`."""
        return [{"spans": one} for one in told(Spans.of(answers, SAID), labels.names, rows.place, scored=True)]

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The spans of each row without a score."""
        return told(Spans.of(targets, TRUE), labels.names, rows.place, scored=False)

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No spans."""
        return {"spans": []}

    def writers(self) -> Mapping[str, Writer]:
        """CoNLL, and brat's texts and annotations."""
        return WRITERS

    def options(self, labels: Labels) -> frozenset[str]:
        """Spans below a score may be left out."""
        return frozenset({"reject_below"})

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """An answer without the spans whose score is too low."""
        kept = [span for span in answer["spans"] if reject_below is None or span["score"] >= reject_below]
        return {**answer, "spans": kept}, len(kept) < len(answer["spans"])

    def shown(self, label: Any) -> str:
        """The text and the type of each span."""
        return ", ".join(f"{span['text']} ({span['label']})" for span in label) or say("tagging.nothing")

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The spans, and the score of the one that is least sure."""
        spans = answer["spans"]
        return Brief(self.shown(spans), f"{min(span['score'] for span in spans):.3f}" if spans else "")

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """How many spans are missed or wrong."""
        true, said = ({_key(span) for span in record[side]} for side in ("true", "spans"))
        return float(len(true ^ said)) or None

    def detail(self, answers: Array, rows: Rows, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
        """Scores of each type, which types are taken for which, and the entities that are wrong."""
        return detail(answers, rows, labels, groups)

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Scores of each type, the confusion of types, and a table for each kind of mistake."""
        if not report.per_class:
            return []
        found: list[Section] = [class_table(report, "type", "entities")]
        if len(report.confusion) == len(labels.names) + 1:
            title, caption = say("tagging.confusion"), say("tagging.confusion_caption")
            names = [*labels.names, say("tagging.none")]
            found.append(
                HeatMap(title, caption, report.confusion, names, (say("report.true"), say("report.predicted")))
            )
        if read := report.extra.get("read"):
            columns = (Column(say("tagging.otherwise")), Column(say("report.data.row_count"), "number"))
            reasons = tuple((say(f"tagging.read.{name}"), read[name]) for name in READ)
            caption = say("tagging.pipeline", rows=report.rows, count=read["rows"])
            found.append(Table(caption, columns, reasons, whole=True, on_card=True))
        listed = report.extra.get("entities", {})
        return found + [_mistakes(kind, listed[kind]) for kind in KINDS if listed.get(kind, {}).get("count")]

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that find the entities of one text."""
        return [
            "from transformers import pipeline",
            'find = pipeline("token-classification", model=model, tokenizer=tokenizer, aggregation_strategy="simple")',
            'print(find("..."))',
        ]

    def card_notes(self, labels: Labels) -> list[str]:
        """Where `pipeline` finds other spans than Tunebook does."""
        return [say("tagging.card_blanks")]


def _key(span: Mapping[str, Any]) -> tuple[Any, ...]:
    return span["start"], span["end"], span["label"]


def _mistakes(kind: str, listed: Mapping[str, Any]) -> Table:
    """The entities of a kind of mistake, those of the same words together."""
    sides = {"true": "right", "type": "right", "said": "wrong", "said_type": "wrong"}
    known = [name for name in sides if name in listed["items"][0]]
    columns = [
        *(Column(say(f"tagging.{name}"), sides[name]) for name in known),  # type: ignore[arg-type]
        Column(say("tagging.context"), "text"),
        Column(say("tagging.count"), "number"),
    ]
    rows = tuple((*(item[name] for name in known), item["context"], item["count"]) for item in listed["items"])
    return Table(say(f"tagging.{kind}", count=listed["count"]), tuple(columns), rows, whole=True)


def detail(answers: Array, rows: Rows, labels: Labels, groups: Array | None = None) -> dict[str, Any]:
    """`per_class`, `confusion` and `extra` of a report.

    The confusion has one row more than types, of entities that are predicted where there is none, and one column more,
    of entities that nothing was predicted for.
    """
    assert rows.targets is not None
    true, said = Spans.of(rows.targets, TRUE), Spans.of(answers, SAID)
    first, second = _pairs(true, said)
    types = len(labels.names)
    read = said.read[:, 1:] > (1, 0, 0)
    cells = np.zeros((types + 1, types + 1), dtype=np.int64)
    np.add.at(cells, (true.label[first], said.label[second]), 1)
    alone = [np.setdiff1d(np.arange(len(item.row)), paired) for item, paired in ((true, first), (said, second))]
    np.add.at(cells, (true.label[alone[0]], types), 1)
    np.add.at(cells, (types, said.label[alone[1]]), 1)
    return {
        "per_class": _per_type(by_type(answers, rows.targets, labels), labels, groups),
        "confusion": cells.tolist(),
        "extra": {
            "entities": _listed(_Pairing(true, said, first, second, *alone), rows, labels),
            "read": {**dict(zip(READ, read.sum(axis=0).tolist(), strict=True)), "rows": int(read.any(axis=1).sum())},
        },
    }


def _pairs(true: Spans, said: Spans) -> tuple[Array, Array]:
    """Numbers of true spans and of the predicted ones that stand for them: of those that overlap the nearest, each
    span in one pair at most."""
    first, second = overlaps(true, said)
    apart = np.abs(true.start[first] - said.start[second]) + np.abs(true.end[first] - said.end[second])
    apart = 2 * apart + (true.label[first] != said.label[second])
    taken: tuple[set[int], set[int]] = (set(), set())
    kept = []
    for pair in np.argsort(apart, kind="stable").tolist():
        one, other = int(first[pair]), int(second[pair])
        if one not in taken[0] and other not in taken[1]:
            taken[0].add(one)
            taken[1].add(other)
            kept.append(pair)
    return first[kept], second[kept]


def _per_type(parts: Array, labels: Labels, groups: Array | None) -> dict[str, dict[str, float]]:
    """Type -> precision, recall and F1 with its ends, and how many true ones there are."""
    from tunebook.stats import counts as by_count
    from tunebook.stats.intervals import counted_f1

    found = counted_f1(parts, groups)
    scores = {name: getattr(by_count, name)(found.counts) for name in ("precision", "recall", "f1")}
    low, high = found.ends()
    per_type = {}
    for place, name in enumerate(labels.names):
        row = {score: float(values[place]) for score, values in scores.items()}
        if found.counts.present[place]:
            row |= {"f1_low": float(low[place]), "f1_high": float(high[place])}
        per_type[name] = {**row, "support": float(found.counts.true[place])}
    return per_type


class _Pairing:
    """True and predicted spans, and which of them belong together or stand alone."""

    def __init__(self, true: Spans, said: Spans, *numbers: Array) -> None:
        self.true, self.said = true, said
        self.first, self.second, self.missed, self.invented = numbers

    def wrong(self, kind: str) -> tuple[Array, Array]:
        """Numbers of the true and the predicted span of each mistake of a kind, -1 for none."""
        if kind == "missed":
            return self.missed, np.full(len(self.missed), -1)
        if kind == "invented":
            return np.full(len(self.invented), -1), self.invented
        true, said = self.true.at(self.first), self.said.at(self.second)
        other = true.label != said.label
        chosen = other if kind == "other_type" else ~other & ((true.start != said.start) | (true.end != said.end))
        return self.first[chosen], self.second[chosen]


def _listed(pairing: _Pairing, rows: Rows, labels: Labels) -> dict[str, Any]:
    """Kind of mistake -> how many there are, and those with the same words together, the most frequent first."""
    found = {}
    for kind in KINDS:
        first, second = pairing.wrong(kind)
        groups: dict[tuple[Any, ...], dict[str, Any]] = {}
        for item in _described(pairing, first, second, rows, labels):
            key = tuple(item.get(name) for name in ("true", "type", "said", "said_type"))
            groups.setdefault(key, {**item, "count": 0})["count"] += 1
        often = sorted(groups.values(), key=lambda item: -item["count"])
        found[kind] = {"count": len(first), "items": often[:_SHOWN]}
    return found


def _described(pairing: _Pairing, first: Array, second: Array, rows: Rows, labels: Labels) -> Iterator[dict[str, Any]]:
    """The text and the type of each true and each predicted span, and what stands around it."""
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        item: dict[str, Any] = {}
        places: list[int] = []
        sides = ((pairing.true, one, "true", "type"), (pairing.said, other, "said", "said_type"))
        for spans, number, words, sort in [side for side in sides if side[1] >= 0]:
            row, start, end = int(spans.row[number]), int(spans.start[number]), int(spans.end[number])
            item |= {words: rows.texts[row][start:end], sort: labels.names[spans.label[number]]}
            places += [start, end]
        start, end = min(places), max(places)
        text, before = rows.texts[row], max(start - _CONTEXT, 0)
        item["context"] = f"{text[before:start]}[{text[start:end]}]{text[end : end + _CONTEXT]}"
        yield item | {"id": str(rows.ids[row])}


__all__ = ["KINDS", "READ", "EntityWords", "detail"]
