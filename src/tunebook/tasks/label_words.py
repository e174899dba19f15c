"""What users read of classes and numbers: answers in their words, sections of a page, lines of a model card."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from numpy.typing import NDArray

from tunebook.bundle.words import best_scores, said_classes
from tunebook.core.formatting import phrase
from tunebook.core.messages import say
from tunebook.core.nouns import Labels, Report
from tunebook.core.params import Value
from tunebook.core.sections import Annotated, Brief, Cell, Column, HeatMap, Reliability, Scatter, Section, Table
from tunebook.core.settings import Filled
from tunebook.core.task import Rows, Task
from tunebook.data.kind import column_kind

Array = NDArray[Any]
_PAIRS = 15  # pairs of classes that a page shows at most
_FEW = 3  # from this many classes on, pairs say more than the map


class LabelWords(Task):
    """The part of a task of classes or numbers that users read."""

    pipeline: ClassVar[str] = "text-classification"
    auto_model: ClassVar[str] = "AutoModelForSequenceClassification"

    def say(self, answers: Array, rows: Rows, labels: Labels) -> list[dict[str, Any]]:
        """Each row's `label` (a list for several labels, a number for regression), `score` and `scores` of classes."""
        self.metrics(labels)  # refuses labels of any other kind
        return said_classes(answers, labels.names, labels.kind.link, labels.kind.classes)

    def true(self, targets: Array, rows: Rows, labels: Labels) -> list[Any]:
        """A class name of each row, a list of them, or a number."""
        kind = column_kind(labels.problem)
        return [kind.said(target, labels) for target in targets]

    def blank(self, labels: Labels) -> dict[str, Any]:
        """No label and no scores."""
        return {"label": None, "score": None, "scores": {}}

    def options(self, labels: Labels) -> frozenset[str]:
        """Both, of answers that have scores of classes."""
        return frozenset({"top_k", "reject_below"} if labels.kind.link != "identity" else ())

    def narrow(
        self, answer: dict[str, Any], top_k: int | None, reject_below: float | None
    ) -> tuple[dict[str, Any], bool]:
        """An answer with its best scores; without a label where its score is too low."""
        scores = answer["scores"]
        if top_k is not None:
            scores = best_scores(scores, top_k)
        rejected = reject_below is not None and answer["score"] < reject_below
        return {**answer, "scores": scores, **({"label": None} if rejected else {})}, rejected

    def shown(self, label: Any) -> str:
        """One label, several of them, or a number."""
        if isinstance(label, list | tuple):
            return ", ".join(map(str, label)) or "∅"
        return f"{label:.4g}" if isinstance(label, float) else str(label)

    def brief(self, answer: Mapping[str, Any], few: int | None = None) -> Brief:
        """The label, its score where it is no number, and the next best classes with theirs."""
        label, score, scores = answer["label"], answer["score"], answer["scores"]
        shown = "" if score is None or isinstance(label, float) else f"{score:.3f}"
        alone = isinstance(label, list) and few is None
        return Brief(self.shown(label), shown, "" if alone else ", ".join(_next_best(scores, label, few)))

    def badness(self, record: Mapping[str, Any], labels: Labels) -> float | None:
        """The score of a wrong answer: the surest first; of numbers how far it is off."""
        if record["true"] == record["label"]:
            return None
        number = isinstance(record["true"], float)
        return abs(record["true"] - record["label"]) if number else float(record["score"])

    def score_heading(self, labels: Labels) -> str:
        """The score of a class, the value of a level; a number is its own."""
        if labels.problem == "regression":
            return ""
        return say("report.value" if labels.kind.classes == "ordered" else "report.score")

    def sections(self, report: Report, labels: Labels) -> list[Section]:
        """Predicted against true numbers, confusions, reliability, and a table of the classes."""
        axes = (say("report.true"), say("report.predicted"))
        found: list[Section] = []
        if points := report.extra.get("scatter"):
            title = say("report.plot.scatter")
            found.append(Scatter(title, title, points, axes))
        if report.confusion and len(labels.names) == len(report.confusion):
            title, caption = say("report.plot.confusion"), say("report.confusion_caption")
            found.append(HeatMap(title, caption, report.confusion, labels.names, axes))
            found += [_confused(report, labels)] if len(labels.names) >= _FEW else []
        if any(row["count"] for row in report.extra.get("reliability", ())):
            title, caption = say("report.plot.reliability"), say("report.calibration_caption")
            sides = (say("report.confidence"), say("report.right_share"))
            found.append(Reliability(title, caption, report.extra["reliability"], sides))
        return [*found, *([class_table(report)] if report.per_class else [])]

    def snippet(self, labels: Labels, params: Filled, *, pairs: bool) -> list[str]:
        """Lines that answer one text."""
        said, length = '["..."], ["..."]' if pairs else '["..."]', params.max_length
        batch = f'batch = tokenizer({said}, truncation=True, max_length={length}, return_tensors="pt")'
        names = "model.config.id2label.values()"
        read = {
            "softmax": "model.config.id2label[model(**batch).logits.argmax(-1).item()]",
            "sigmoid": f"dict(zip({names}, model(**batch).logits.sigmoid()[0].tolist()))",
            "identity": "model(**batch).logits.item()",
        }
        return [batch, f"print({read[labels.kind.link]})"]

    def idle(self, labels: Labels) -> Mapping[str, Value]:
        """Of numbers, what is about classes."""
        return {"label_smoothing": 0, "class_weights": "none"} if labels.kind.link == "identity" else {}


def class_table(report: Report, of: str = "class", counted: str = "support") -> Table:
    """The scores of each class with the ends of their intervals, from `Report.per_class`.

    Args:
        of, counted: what the classes, and what is counted of each, are called: `report.OF`, `metric.COUNTED`.
    """
    names = [name for name in next(iter(report.per_class.values())) if not name.endswith(("_low", "_high"))]

    def heading(name: str) -> str:
        return phrase("metric", counted if name == "support" else name)

    bounded = any(f"{name}_low" in values for values in report.per_class.values() for name in names)
    return Table(
        say(f"report.per_{of}") + (say("report.class_ends") if bounded else ""),
        (Column(say(f"report.{of}"), "name"), *(Column(heading(name), "number") for name in names)),
        tuple((label, *(_class_cell(values, name) for name in names)) for label, values in report.per_class.items()),
        sortable=True,
        whole=True,
        on_card=True,
    )


def _class_cell(values: Mapping[str, float], name: str) -> Cell:
    if name == "support":
        return int(values[name]) if name in values else None
    value, low, high = (values.get(key) for key in (name, f"{name}_low", f"{name}_high"))
    return value if low is None or high is None else Annotated(value, (low, high))


def _confused(report: Report, labels: Labels) -> Table:
    """True class, predicted class, rows and share of the true class, most frequent first."""
    found = [
        (labels.names[i], labels.names[j], count, count / sum(row))
        for i, row in enumerate(report.confusion)
        for j, count in enumerate(row)
        if count and i != j
    ]
    columns = (
        Column(say("report.true"), "name"),
        Column(say("report.predicted")),
        Column(say("report.data.row_count"), "number"),
        Column(say("report.share"), "share"),
    )
    return Table(say("report.pairs"), columns, tuple(sorted(found, key=lambda pair: -pair[2])[:_PAIRS]))


def _next_best(scores: Mapping[str, float], label: Any, few: int | None) -> Iterator[str]:
    """Classes beside the answer with their scores, the best first."""
    given = label if isinstance(label, list) else [label]
    others = sorted((item for item in scores.items() if item[0] not in given), key=lambda item: -item[1])
    for name, value in others[: 1 if few is None else few]:
        yield f"{name} {value:.3f}"


__all__ = ["LabelWords", "class_table"]
