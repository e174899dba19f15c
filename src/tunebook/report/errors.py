"""The page of a run's errors: causes, what wrong rows have in common, and the rows themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tunebook.core.commands import command
from tunebook.core.formatting import metric_name, number, phrase, score_text
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.core.sections import Annotated, Cell, Column, Table
from tunebook.diagnosis.cause import filled
from tunebook.diagnosis.part_words import slice_words
from tunebook.diagnosis.records import Cluster, Confusion, Errors, Halves, Slice, Suspects, Wrong
from tunebook.report.page import write_page

_IDS, _PAIRS, _WORST, _SUSPECTS = 3, 12, 60, 40


def write_errors(path: Path, found: Errors, places: Mapping[str, object]) -> Path:
    """Write the page.

    Args:
        places: of what its commands name, as `diagnosis.cause.filled` has it.
    """
    return write_page(path, "errors.html.j2", **view(found, places))


def view(found: Errors, places: Mapping[str, object]) -> dict[str, Any]:
    """What the template shows."""
    return {
        "found": found,
        "verdict": verdict(found),
        "facts": _facts(found),
        "causes": filled(found.causes, places),
        "unserious": unserious(found),
        "worst_words": say(f"errors.worst.{'wrong' if found.by == 'rows' else 'far'}", **_worst(found)),
        "unasked": unasked_words(found),
        "tested": command("ab", places.get("BOOK", "BOOK"), "champion", "latest"),
        "slices": slice_table(found.slices.found),
        "near": slice_table(found.slices.near),
        "confusions": confusion_table(_pairs(found)) if found.confusions else None,
        "places": _span_table(found) if found.spans else None,
        "clusters": cluster_table(found.clusters) if found.clusters else None,
        "halves": halves_table(halves_of(found)),
        "auc": found.strange and interval_words(found.strange.auc),
        "suspects": [(part, suspect_table(part), wrong_words(part)) for part in found.suspects],
        "worst": found.worst[:_WORST],
        "marks": {row.row: marks(row) for row in found.worst[:_WORST]},
        "missing": list(found.missing.items()),
    }


def unasked_words(found: Errors) -> str:
    """The causes that were not looked for, by their names; empty where all were."""
    return ", ".join(say(f"causes.{key}.name") for key in found.unasked)


def _worst(found: Errors) -> dict[str, str]:
    return {"shown": number(len(found.worst[:_WORST])), "count": number(found.wrong)}


def unserious(found: Errors) -> str:
    """That no cause is serious, and whether minor ones are left to look at; empty where one is. What is left are no
    hard rows where the model can hardly do any, or no more than a baseline."""
    if any(cause.serious for cause in found.causes):
        return ""
    if found.weak:
        return say("causes.weak")
    return say("causes.only_minor") if found.causes else say("causes.nothing")


def _pairs(found: Errors) -> list[Confusion]:
    """Pairs that are more than chance, and some of the others."""
    sure = [one for one in found.confusions if one.found]
    return [*sure, *[one for one in found.confusions if not one.found][: max(3, _PAIRS - len(sure))]]


def verdict(found: Errors) -> str:
    """How many rows are wrong, or how far off they are, and the score that the run is judged by."""
    told = {"wrong": number(found.wrong), "rows": number(found.rows), "split": phrase("split", found.split)}
    if not found.wrong:
        return say("errors.none", **told)
    share = {"share": percent(found.errors), "measure": metric_name(found.measure)}
    codes = {"rows": "errors.verdict", "far": "errors.verdict_far", "places": "errors.verdict_places"}
    words = say(codes[found.by], **told, **share)
    if found.score is None:
        return words
    return f"{words} {say('errors.headline', metric=metric_name(found.headline), score=score_text(found.score))}"


def percent(share: Interval | None) -> str:
    """A share with the ends of its interval."""
    return "–" if share is None else f"{share.value:.1%} ({share.low:.1%} – {share.high:.1%})"


def interval_words(found: Interval | None) -> str:
    """A number between 0 and 1 with the ends of its interval."""
    return "–" if found is None else f"{found.value:.3f} ({found.low:.3f} – {found.high:.3f})"


def p_words(p_value: float) -> str:
    """A p-value with as many digits as say something."""
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _facts(found: Errors) -> list[tuple[str, str]]:
    return [
        (say("cli.run"), found.run),
        (say("errors.split"), phrase("split", found.split)),
        (say("cli.rows"), number(found.rows)),
        *([(say("errors.wrong_rows"), number(found.wrong))] if found.by == "rows" else []),
        (say("errors.mass"), percent(found.errors)),
        (say("errors.searched"), number(found.slices.searched)),
    ]


def ids_words(ids: Sequence[str]) -> str:
    """The first ids of rows."""
    told = ", ".join(ids[:_IDS]) + (" …" if len(ids) > _IDS else "")
    return told.replace(" ", "\u00a0")  # on one line, however narrow the screen


def _share(share: Interval) -> Annotated:
    return Annotated(f"{share.value:.1%}", f"{share.low:.1%} – {share.high:.1%}")


def slice_table(slices: Sequence[Slice]) -> Table | None:
    """Slices, the worst first; None of none."""
    if not slices:
        return None
    columns = (
        Column(say("errors.slice"), "name"),
        Column(say("cli.rows"), "number"),
        Column(say("errors.wrong_here"), "number"),
        Column(say("errors.wrong_else"), "number"),
        Column("p", "number"),
        Column(say("errors.ids"), "soft"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (slice_words(one), one.rows, _share(one.share), _share(one.rest), p_words(one.p_value), ids_words(one.ids))
        for one in slices
    )
    return Table("", columns, rows, whole=True)


def confusion_table(pairs: Sequence[Confusion]) -> Table:
    """Pairs of classes."""
    columns = (
        Column(say("report.true"), "name"),
        Column(say("report.predicted"), "plain"),
        Column(say("errors.count"), "number"),
        Column(say("errors.of_class"), "number"),
        Column(say("errors.expected"), "number"),
        Column("p", "number"),
        Column(say("errors.ids"), "soft"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.true,
            one.said,
            f"{one.count} / {one.of}",
            _share(one.share),
            f"{one.expected:.1f}",
            p_words(one.p_value),
            ids_words(one.ids),
        )
        for one in pairs
    )
    return Table("", columns, rows, whole=True)


def _span_table(found: Errors) -> Table:
    columns = (
        Column(say("errors.span_sort"), "name"),
        Column(say("errors.count"), "number"),
        Column(say("errors.share"), "number"),
        Column(say("errors.ids"), "soft"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (say(f"errors.span.{one.sort}"), one.count, _share(one.share), ids_words(one.ids)) for one in found.spans
    )
    return Table("", columns, rows, whole=True)


def cluster_name(number: int, one: Cluster) -> str:
    """A cluster by its place and its words."""
    if not one.words:
        return say("errors.cluster_only", number=number)
    return say("errors.cluster_of", number=number, words=", ".join(f"“{word}”" for word in one.words))


def cluster_table(clusters: Sequence[Cluster]) -> Table:
    """Clusters by their words."""
    columns = (
        Column(say("errors.group"), "name"),
        Column(say("errors.errors"), "number"),
        Column(say("errors.share"), "number"),
        Column(say("errors.pairs"), "plain"),
        Column(say("errors.ids"), "soft"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            cluster_name(number, one),
            one.rows,
            _share(one.share),
            "; ".join(one.pairs),
            ids_words(one.ids),
        )
        for number, one in enumerate(clusters, start=1)
    )
    return Table("", columns, rows, whole=True)


def halves_of(found: Errors) -> list[Halves]:
    """Rows that are read badly, and those that are far from the training rows."""
    return [*found.reading, *([found.strange.beyond] if found.strange else [])]


def halves_table(halves: Sequence[Halves]) -> Table:
    """Rows with something beside those without it."""
    columns = (
        Column(say("errors.which"), "name"),
        Column(say("cli.rows"), "number"),
        Column(say("errors.of_all"), "number"),
        Column(say("errors.wrong_here"), "number"),
        Column(say("errors.wrong_else"), "number"),
        Column(say("errors.difference"), "number"),
        Column("p", "number"),
    )
    return Table("", columns, tuple(_half(one) for one in halves), whole=True)


def _half(one: Halves) -> tuple[Cell, ...]:
    more = one.difference
    difference: Cell = (
        "–"
        if more is None
        else Annotated(f"{100 * more.value:+.1f}", f"{100 * more.low:+.1f} – {100 * more.high:+.1f}")
    )
    inside, outside = ("–" if share is None else _share(share) for share in (one.errors_with, one.errors_without))
    p_value = "–" if more is None else p_words(one.p_value)
    return (say(f"errors.half.{one.key}"), one.rows, _share(one.share), inside, outside, difference, p_value)


def suspect_table(part: Suspects) -> Table:
    """Suspected labels, the most suspicious first."""
    columns = (
        Column(say("report.id"), "soft"),
        Column(say("report.text"), "text"),
        Column(say("errors.label"), "wrong"),
        Column(say("errors.suggestion"), "right"),
        Column(say("errors.sure"), "number"),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.row, Annotated(one.text, one.pair or None), one.label, one.suggestion, f"{one.sure:.2f}")
        for one in part.found[:_SUSPECTS]
    )
    return Table("", columns, rows, whole=True)


def wrong_words(part: Suspects) -> str:
    """What share of the labels is wrong, which the number of suspects does not say; empty where nobody knows."""
    return "" if part.wrong is None else say("errors.wrong_labels", share=percent(part.wrong))


def marks(row: Wrong) -> list[str]:
    """What is out of the ordinary with a row."""
    found = []
    if row.doubt:
        found.append(say("errors.mark.doubt", label=row.doubt))
    if row.strange is not None and row.strange > 0.95:
        found.append(say("errors.mark.strange"))
    if row.cut:
        found.append(say("errors.mark.cut"))
    if row.unknown:
        found.append(say("errors.mark.unknown", count=row.unknown))
    return found


__all__ = [
    "cluster_name", "cluster_table", "confusion_table", "halves_of", "halves_table", "ids_words", "interval_words",
    "marks", "p_words", "percent", "slice_table", "suspect_table", "unasked_words",
    "unserious", "verdict", "view", "write_errors", "wrong_words",
]  # fmt: skip
