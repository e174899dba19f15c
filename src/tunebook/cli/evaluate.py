"""tunebook eval: a run's scores on a split, beside the baselines."""

from __future__ import annotations

from typing import Annotated

from tunebook.cli.answer import Answer, facts, predict_command
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, option, wrong
from tunebook.cli.retention import retention_data, tell_retention
from tunebook.cli.scores import report_data, tell_report
from tunebook.core.messages import say


def evaluate(
    book: Books,
    run: RunName = "latest",
    split: Annotated[str, option("eval_split", "--split", metavar="SPLIT")] = "test",
    no_baselines: Annotated[bool, option("no_baselines", "--no-baselines")] = False,
) -> Answer:
    """Score a run."""
    from rich.console import Console

    from tunebook.core.nouns import SPLITS
    from tunebook.verbs.book import open_book
    from tunebook.verbs.evaluate import evaluate as score
    from tunebook.verbs.retention import read_retention

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
    return Answer({"run": found.id, **scores}, tell, (predict_command(book, opened.data, run),))


__all__ = ["evaluate"]
