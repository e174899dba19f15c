"""tunebook eval: a run's scores on a split, beside the baselines, and what it has kept of earlier tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, facts, grid, predict_command
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, option, wrong
from tunebook.cli.scores import report_data, tell_report
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.lineage import Retention


def evaluate(
    book: Books,
    run: RunName = "latest",
    split: Annotated[str, option("eval_split", "--split", metavar="SPLIT")] = "test",
    no_baselines: Annotated[bool, option("no_baselines", "--no-baselines")] = False,
) -> Answer:
    """Score a run."""

    from tunebook.core.nouns import SPLITS
    from tunebook.verbs.evaluate import evaluate as score
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.retention import read_retention

    opened = open_book(book)
    part = next((name for name in SPLITS if name == split), None)
    if part is None:
        raise wrong("--split", split, " | ".join(SPLITS))
    found = chosen_run(opened, run)
    with Bars() as bars:
        report = score(found, split=part, with_baselines=not no_baselines, progress=bars)

    kept = read_retention(found) if report.split == "test" else None

    def tell(screen: Console) -> None:
        tell_report(screen, report)
        tell_retention(screen, kept)
        screen.print()
        screen.print(
            facts([(say("cli.run"), found.id), (say("cli.report"), found.results(report.split) / "report.html")])
        )

    scores = {**report_data(report), **retention_data(kept)}
    return Answer({"run": found.id, **scores}, tell, (predict_command(book, run, pairs=opened.holds_pairs),))


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


def retention_data(kept: Retention | None) -> dict[str, Any]:
    """`retention` of a run's JSON; empty for a run that continues from none."""
    return {} if kept is None else {"retention": {**kept.model_dump(mode="json"), "summary": kept.summary()}}


__all__ = ["evaluate", "retention_data", "tell_retention"]
