"""tunebook eval: a run's scores on a split, beside the baselines, and what it has kept of earlier tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, facts, grid, predict_command, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, option, wrong
from tunebook.core.localized import Localized
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.lineage import General, Retention
    from tunebook.core.nouns import Report
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run


_STYLES = {"better": "green", "unsure": "yellow", "worse": "bold red", "none": ""}
_MARKS = {"better": "✓", "unsure": "?", "worse": "✗", "none": "·"}


def evaluate(
    book: Books,
    run: RunName = AUTO,
    split: Annotated[str, option("eval_split", "--split", metavar="SPLIT")] = "test",
    no_baselines: Annotated[bool, option("no_baselines", "--no-baselines")] = False,
    general: Annotated[list[Path] | None, option("general", "--general", metavar="BOOK")] = None,
) -> Answer:
    """Score a run."""

    from tunebook.core.nouns import SPLITS
    from tunebook.report.calibration import otherwise
    from tunebook.verbs.evaluate import evaluate as score
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.calibration import cuts_in_force
    from tunebook.verbs.steps.general import read_general
    from tunebook.verbs.steps.moved import rows_moved
    from tunebook.verbs.steps.retention import read_retention

    opened = open_book(book)
    part = next((name for name in SPLITS if name == split), None)
    if part is None:
        raise wrong("--split", split, " | ".join(SPLITS))
    found = chosen_run(opened, run)
    with Bars() as bars:
        report = score(found, split=part, with_baselines=not no_baselines, general=general or (), progress=bars)

    kept = read_retention(found) if report.split == "test" else None
    warnings = [*rows_moved(opened, found), *otherwise(cuts_in_force(found), report)]
    wider = read_general(found) if general or report.split == "test" else []

    def tell(screen: Console) -> None:
        warn(screen, warnings)
        tell_report(screen, report)
        tell_probe(screen, report, found, opened)
        tell_retention(screen, kept)
        tell_general(screen, wider)
        screen.print()
        screen.print(
            facts([(say("cli.run"), found.id), (say("cli.report"), found.results(report.split) / "report.html")])
        )

    wide = {"general": [item.model_dump(mode="json", exclude={"run"}) for item in wider]} if wider else {}
    scores = {**report_data(report), **retention_data(kept), **wide, "warnings": warnings}
    return Answer({"run": found.id, **scores}, tell, (predict_command(opened, run),))


def tell_retention(screen: Console, kept: Retention | None) -> None:
    """Print each earlier task with what was learned and what is left; nothing for a run that continues from none."""
    if kept is None:
        return
    from tunebook.report.retention import headings, summary_facts, task_rows

    screen.print()
    screen.print(say("retention.heading"), style="bold")
    lines = [[book, *cells] for book, _, *cells in (headings(kept), *task_rows(kept))]  # a run's id is long
    screen.print(grid(lines[0], lines[1:], right=(1,)))
    screen.print(facts(summary_facts(kept)))


def tell_general(screen: Console, found: Sequence[General]) -> None:
    """Print what the model and its base model are worth on other books; nothing where that was not measured."""
    if not found:
        return
    from tunebook.report.general import general_rows, headings, verdicts

    screen.print()
    screen.print(say("general.heading"), style="bold")
    screen.print(grid(headings(), general_rows(found), right=(1,)))
    for note in verdicts(found):
        prose(screen, note, "dim")


def retention_data(kept: Retention | None) -> dict[str, Any]:
    """`retention` of a run's JSON; empty for a run that continues from none."""
    return {} if kept is None else {"retention": {**kept.model_dump(mode="json"), "summary": kept.summary()}}


def tell_report(screen: Console, report: Report) -> None:
    """Print the verdict and a table of the scores with their intervals and the best baseline of each."""
    from tunebook.core.formatting import baseline_name, metric_name, phrase
    from tunebook.report.scores import all_notes, standing, unit_text

    found = standing(report)
    screen.print(f"{_MARKS[found.outcome]} {found.sentence}", style=_STYLES[found.outcome])
    screen.print()
    title = say("cli.eval.title", split=phrase("split", report.split), rows=report.rows)
    alone = next(iter(report.baselines)) if len(report.baselines) == 1 else None
    beside = baseline_name(alone) if alone else say("cli.baseline")
    headings = [title, say("cli.value"), say("cli.interval"), *([beside] if report.baselines else [])]
    lines = [[metric_name(name) + unit_text(report, name), *cells] for name, *cells in score_lines(report)]
    screen.print(grid(headings, lines, right=(1,)))
    for note in all_notes(report):
        prose(screen, note, "dim")


def tell_probe(screen: Console, report: Report, run: Run, book: Book) -> None:
    """Print how to have what the frozen base model gives, where a run is not ahead of that."""
    from tunebook.report.scores import probe_hint, probe_may_pay

    hint = probe_hint(probe_may_pay(report, run.plan, book.holds_pairs), str(book.path))
    if hint:
        screen.print()
        screen.print(hint, style="yellow")


def score_lines(report: Report) -> Iterator[list[str]]:
    """Name, value, interval and best baseline of each score that has an interval, the headline first; of the only
    baseline, which heads its column, the score alone."""
    from tunebook.core.formatting import baseline_name, score_text
    from tunebook.report.scores import best_of

    names = [name for name in (report.headline, *report.intervals) if name in report.metrics]
    for name in dict.fromkeys(names):
        interval = report.intervals.get(name)
        ends = f"{score_text(interval.low)} … {score_text(interval.high)}" if interval else "–"
        line = [name, score_text(report.metrics[name]), ends]
        if report.baselines:
            best = best_of(report, name)
            who = f"  {baseline_name(best[0])}" if best and len(report.baselines) > 1 else ""
            line.append(f"{score_text(best[1])}{who}" if best else "–")
        yield line


def report_data(report: Report) -> dict[str, Any]:
    """The scores for `--json`."""
    return {
        "split": report.split,
        "rows": report.rows,
        "headline": report.headline,
        "metrics": report.metrics,
        "intervals": {name: [item.low, item.high] for name, item in report.intervals.items()},
        "interval_notes": {
            name: [
                {"code": note.code, **note.fields, "text": str(note)} for note in notes if isinstance(note, Localized)
            ]
            for name, notes in report.interval_notes.items()
        },
        "groups": report.groups,
        "per_class": report.per_class,
        "baselines": report.baselines,
        **({"space": report.extra["space"]} if "space" in report.extra else {}),
    }


__all__ = [
    "evaluate",
    "report_data",
    "retention_data",
    "score_lines",
    "tell_general",
    "tell_probe",
    "tell_report",
    "tell_retention",
]
