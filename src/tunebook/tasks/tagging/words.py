"""What users read of entities: spans in their own text, mistakes, sections of a page, lines of a model card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.hooks import Writer
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.sections import Brief, Column, HeatMap, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Task
from tunebook.tasks.label_words import class_table
from tunebook.tasks.tagging.errors import KINDS, READ, detail
from tunebook.tasks.tagging.spans import SAID, TRUE, Spans
from tunebook.tasks.tagging.writers import WRITERS

Array = NDArray[Any]


class EntityWords(Task):
    """The part of tagging that users read."""

    pipeline: ClassVar[str] = "token-classification"
    auto_model: ClassVar[str] = "AutoModelForTokenClassification"
    windows: ClassVar[bool] = True
    records: ClassVar[bool] = True

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """`spans` of each row, each with `start`, `end`, `label`, `text` and `score`."""
        return [{"spans": found} for found in _told(Spans.of(answers, SAID), rows, labels, scored=True)]

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """The spans of each row without a score."""
        return _told(Spans.of(targets, TRUE), rows, labels, scored=False)

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


def _told(spans: Spans, rows: Rows, labels: Labels, *, scored: bool) -> list[list[dict[str, Any]]]:
    """The spans of each row, with their places in the text as the user gave it."""
    found: list[list[dict[str, Any]]] = [[] for _ in range(spans.rows)]
    columns = (spans.row, spans.start, spans.end, spans.label, spans.score)
    for row, start, end, label, score in zip(*(column.tolist() for column in columns), strict=True):
        first, last, text = rows.place(row, start, end)
        told = {"start": first, "end": last, "label": labels.names[label], "text": text}
        found[row].append({**told, "score": score} if scored else told)
    return found


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


__all__ = ["EntityWords"]
