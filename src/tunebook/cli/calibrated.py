"""What tunebook calibrate tells of a model of probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tunebook.cli.answer import Answer, command, facts, grid, predict_command, prose, run_option, warn
from tunebook.core.locations import CALIBRATION
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.calibrates import Calibration
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run


def of_chances(book: Book, run: Run, made: Calibration, name: str) -> Answer:
    """What was found for a run of a book.

    Args:
        name: the run as it was asked for.
    """
    from tunebook.report.calibration import doubts

    path = run.model / CALIBRATION
    again = command("eval", book.path, *run_option(name))
    data = {"path": str(path), **made.model_dump(mode="json"), "warnings": doubts(made)}
    return Answer(data, lambda screen: tell(screen, made, path), (again, predict_command(book, name)))


def tell(screen: Console, made: Calibration, path: Path) -> None:
    """Print it."""
    from tunebook.report.calibration import (
        covered_headings,
        covered_rows,
        doubts,
        figure_rows,
        headings,
        sentences,
        threshold_caption,
        threshold_rows,
    )

    for place, sentence in enumerate(sentences(made)):
        prose(screen, sentence, "" if place else "bold")
    screen.print()
    screen.print(grid(headings(), figure_rows(made)))
    if rows := threshold_rows(made):
        screen.print()
        screen.print(grid([threshold_caption(made), say("calibrate.threshold")], rows, right=(1,)))
    if made.certain is not None:
        screen.print()
        screen.print(grid(covered_headings(), covered_rows(made.certain)))
    items = ", ".join(map(str, made.temperature.items))
    screen.print(facts([(say("cli.rows"), items), (say("calibrate.path"), path)]))
    prose(screen, say("calibrate.use_chances"), "dim")
    if made.certain is not None:
        prose(screen, say("calibrate.use_sure"), "dim")
    warn(screen, doubts(made))


__all__ = ["of_chances", "tell"]
