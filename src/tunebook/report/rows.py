"""The part of a report on rows, and the page on them alone: how many, of which classes, how long, what cleaning did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markupsafe import Markup

from tunebook.core.formatting import number, phrase
from tunebook.core.messages import say
from tunebook.core.nouns import DataRef
from tunebook.data.describe import warning_text
from tunebook.report.page import write_page
from tunebook.report.plots.bars import bar_plot, histogram

Stats = Mapping[str, Any]
# Classes that get a bar of their own; the table holds all.
_BARS = 20
_COLUMNS = 40


def data_view(stats: Stats) -> dict[str, Any]:
    """What the template of the data section shows of the figures of `tunebook.data`."""
    ledger = stats.get("ledger") or {}
    cleaned = (stats.get("cleaning") or {}).get("changed") or {}
    return {
        "splits": [(phrase("split", name), count) for name, count in (stats.get("rows") or {}).items()],
        "facts": _facts(stats, ledger),
        "classes": _classes(stats),
        "of_types": "marked" in stats,
        "class_plot": _class_plot(stats),
        "class_caption": _class_caption(stats),
        "lengths": _lengths(stats),
        "length_plot": _length_plot(stats),
        "learnt": [(part["text"], part["learnt"]) for part in (stats.get("learnt") or {}).get("sample", [])],
        "dropped": _reasons(ledger.get("dropped")),
        "changed": _reasons(ledger.get("changed")),
        "examples": [
            (phrase("ledger", rule), example["before"], example["after"])
            for rule, change in cleaned.items()
            for example in change.get("examples", [])
        ],
        "warnings": [warning_text(item) for item in stats.get("warnings", [])],
    }


def _facts(stats: Stats, ledger: Mapping[str, Any]) -> list[tuple[str, str]]:
    tokens = stats.get("tokens") or {}
    language = stats.get("language")
    found = [
        ("language", phrase("language", language) if language else None),
        ("read", _count(ledger.get("read"))),
        ("kept", _count(ledger.get("kept"))),
        ("changed_rows", _count(ledger.get("changed_rows"))),
        ("truncated", _count(ledger.get("truncated") or None)),
        ("imbalance", _ratio(stats.get("imbalance"))),
        ("unknown_share", _percent(tokens.get("unknown_share"))),
        ("length_label_link", None if _has_no_link(stats) else _percent(stats.get("length_label_link"))),
        ("agreement", _percent(stats.get("agreement"))),
        *_written(stats.get("writing") or {}),
        *_learnt(stats.get("learnt") or {}),
        *_answered(stats.get("answered") or {}),
    ]
    return [(say(f"report.data.{name}"), text) for name, text in found if text is not None]


def _has_no_link(stats: Stats) -> bool:
    """Whether labels are such that the length of a text cannot tell them."""
    return bool({"marked", "writing", "answered"} & set(stats))


def _written(found: Stats) -> list[tuple[str, str | None]]:
    """Of texts to be written: their language, how many are alike, and what conversations are like."""
    chats = found.get("chats") or {}
    language = found.get("answer_language")
    return [
        ("answer_language", phrase("language", language) if language else None),
        ("answers_alike", _percent(found.get("alike"))),
        ("turns", f"{chats['turns']['mean']:.1f}" if chats else None),
        *((f"chats_{name}", _percent(chats.get(name))) for name in ("system", "tools", "several")),
    ]


def _learnt(found: Stats) -> list[tuple[str, str | None]]:
    """Of conversations: how much of them is learnt, and how many teach nothing."""
    tokens = found.get("tokens")
    return [
        ("learnt", _percent(found["learnt_tokens"] / tokens) if tokens else None),
        ("without", _count(found.get("rows_without") or None)),
    ]


def _answered(found: Stats) -> list[tuple[str, str | None]]:
    """Of questions with answers in a context: how many have one, and how many contexts there are."""
    names = {"with_answer": "rows", "without_answer": "none", "contexts": "contexts"}
    return [(name, _count(found.get(part))) for name, part in names.items()]


def _count(value: Any) -> str | None:
    return None if value is None else number(value)


def _ratio(value: Any) -> str | None:
    return None if value is None else f"{value:g} : 1"


def _percent(value: Any) -> str | None:
    return None if value is None else f"{value:.1%}"


def _classes(stats: Stats) -> dict[str, Any]:
    """Columns and lines of the table of classes: one column a split."""
    classes = stats.get("classes") or {}
    if not classes:
        return {"splits": [], "lines": []}
    if not all(isinstance(counts, Mapping) for counts in classes.values()):
        classes = {"train": classes}
    names = list(dict.fromkeys(name for counts in classes.values() for name in counts))
    return {
        "splits": [phrase("split", split) for split in classes],
        "lines": [(name, [counts.get(name, 0) for counts in classes.values()]) for name in names],
    }


def _class_plot(stats: Stats) -> Markup | None:
    """Rows of the largest classes, all splits together."""
    counts = [(name, float(sum(by_split))) for name, by_split in _classes(stats)["lines"]]
    if not counts:
        return None
    largest = sorted(counts, key=lambda item: -item[1])[:_BARS]
    return bar_plot(_class_caption(stats), largest, sum(count for _, count in counts))


def _class_caption(stats: Stats) -> str:
    count = len(_classes(stats)["lines"])
    whose = "types" if "marked" in stats else "classes"
    if count <= _BARS:
        return say(f"report.plot.{whose}")
    return say(f"report.plot.largest_{whose}", shown=_BARS, count=count)


def _lengths(stats: Stats) -> dict[str, Any]:
    """Columns and lines of the table of lengths, in characters and, where known, in tokens."""
    columns = ("mean", "p50", "p95", "p99", "max")
    written = stats.get("writing") or {}
    sources = (
        ("characters", stats.get("characters")),
        ("tokens", stats.get("tokens")),
        ("asked_words", written.get("asked")),
        ("answer_words", written.get("answered")),
    )
    return {
        "columns": [say(f"report.data.{column}") for column in columns],
        "lines": [
            (say(f"report.data.{name}"), [number(figures[column]) if column in figures else "–" for column in columns])
            for name, figures in sources
            if figures
        ],
    }


def _length_plot(stats: Stats) -> Markup | None:
    """Tokens of the rows up to their 99th percentile, in at most 40 columns."""
    tokens = stats.get("tokens") or {}
    lengths = {int(length): times for length, times in (tokens.get("lengths") or {}).items()}
    if not lengths:
        return None
    low, end = min(lengths), max(int(tokens.get("p99", 0)), min(lengths)) + 1
    step = max(1, -(-(end - low) // _COLUMNS))
    edges = list(range(low, end + step, step))
    counts = [0] * (len(edges) - 1)
    for length, times in lengths.items():
        if length < edges[-1]:
            counts[(length - low) // step] += times
    marks = [(say(f"report.data.{name}"), float(tokens[name])) for name in ("p50", "p95") if name in tokens]
    axes = (say("report.data.tokens"), say("report.data.row_count"))
    return histogram(say("report.plot.lengths"), edges, counts, axes, marks)


def _reasons(counts: Any) -> list[tuple[str, int]]:
    found = sorted((counts or {}).items(), key=lambda item: -item[1])
    return [(phrase("ledger", reason), count) for reason, count in found]


def write_data_report(path: Path, ref: DataRef, book: str = "") -> Path:
    """Write the report on prepared rows into an HTML file that needs nothing else; missing figures are left out.

    Args:
        book: its name, where the file is not in its place yet.
    """
    roles = ref.roles.model_dump()
    return write_page(
        path,
        "data.html.j2",
        place=f"{book} · {phrase('task', ref.task)}" if book else "",
        data=data_view({"rows": ref.rows, **ref.stats}),
        rows=sum(ref.rows.values()),
        facts=[
            (say("report.fact.rows"), f"{sum(ref.rows.values()):,}"),
            (say("report.fact.problem"), phrase("problem", ref.labels.problem)),
            *([(say("report.fact.classes"), str(len(ref.labels.names)))] if ref.labels.names else []),
            (say("report.fact.content"), ref.content),
        ],
        sources=list(ref.sources.items()),
        roles=[
            (phrase("role", name), ", ".join(column) if isinstance(column, list) else column)
            for name, column in roles.items()
            if column
        ],
    )


__all__ = ["data_view", "write_data_report"]
