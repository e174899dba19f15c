"""tunebook runs: what has been trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import Answer, command, grid, predict_command
from tunebook.cli.options import Books
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.runs import Run


def runs(book: Books) -> Answer:
    """List the runs of a book, newest first."""
    from tunebook.verbs.book import open_book

    opened = open_book(book)
    found = [_run(run) for run in reversed(opened.runs)]
    more = (command("train", book),) if not found else (predict_command(book, opened.data),)
    return Answer({"book": str(book), "runs": found}, lambda screen: _tell(screen, found), more)


def _run(run: Run) -> dict[str, Any]:
    plan, report = run.plan, run.report
    interval = report.intervals.get(report.headline) if report else None
    return {
        "run": run.id,
        "path": str(run.path),
        "finished": run.finished,
        "failure": run.failure.get("code"),
        "table": f"v{plan.table_version}" if plan.table_version else None,
        "seed": plan.seed,
        "metric": report.headline if report else None,
        "split": report.split if report else None,
        "value": report.metrics.get(report.headline) if report else None,
        "interval": [interval.low, interval.high] if interval else None,
        "seconds": run.outcome.get("seconds"),
    }


def _tell(screen: Console, found: list[dict[str, Any]]) -> None:
    from tunebook.report.words import duration, metric_name, phrase, score_text

    if not found:
        screen.print(say("cli.runs.none"))
        return
    lines = []
    for run in found:
        ends = f" ({score_text(run['interval'][0])} … {score_text(run['interval'][1])})" if run["interval"] else ""
        score = f"{metric_name(run['metric'])} {score_text(run['value'])}{ends}" if run["metric"] else "–"
        state = say("cli.runs.finished" if run["finished"] else "cli.runs.unfinished")
        state = _failed(run["failure"]) if run["failure"] else state
        spent = duration(run["seconds"]) if run["seconds"] is not None else "–"
        split = phrase("split", run["split"]) if run["split"] else "–"
        lines.append((run["run"], run["table"] or say("cli.runs.unsaved"), state, split, score, spent))
    names = ("run", "table", "state", "split", "score", "time")
    screen.print(grid([say(f"cli.{name}") for name in names], lines, right=(5,), whole=(0, 1, 2, 3, 5)))


def _failed(code: str) -> str:
    """Why a run ended that cannot go on by itself."""
    return say("cli.runs.diverged" if code == "run.diverged" else "memory.state")


__all__ = ["runs"]
