"""tunebook calibrate: how the scores of answers are read; of two texts, from which score on they match."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import (
    Answer,
    command,
    embed_command,
    facts,
    grid,
    predict_command,
    prose,
    run_option,
    warn,
)
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, option, repeated_options, share, wrong
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.hits import Threshold
    from tunebook.verbs.calibrate import Choice
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run

CALIBRATED = "calibrated"
_FIGURES = ("precision", "recall", "f1")
_LESS = 0.05  # by so much the precision that is promised may be lower without a word


@dataclass(frozen=True)
class Asked:
    """What scores are calibrated for."""

    precision: Annotated[str | None, option("calibrate_precision", "--precision", metavar="SHARE")] = None
    recall: Annotated[str | None, option("calibrate_recall", "--recall", metavar="SHARE")] = None
    cost: Annotated[str | None, option("calibrate_cost", "--cost", metavar="NAME")] = None
    accuracy: Annotated[str | None, option("calibrate_accuracy", "--accuracy", metavar="SHARE")] = None
    of_class: Annotated[str | None, option("calibrate_class", "--class", metavar="NAME")] = None
    grade: Annotated[float | None, option("calibrate_grade", "--grade", metavar="X")] = None

    def choice(self) -> Choice:
        """As the verb takes it.

        Raises:
            TunebookError: `cli.option`.
        """
        names = ("precision", "recall", "accuracy")
        shares = {name: share(f"--{name}", value) for name in names if (value := getattr(self, name)) is not None}
        return {"cost": self.cost, "of_class": self.of_class, "least": self.grade, **shares}  # type: ignore[typeddict-item]


def calibrate(
    book: Books,
    asked: Asked,
    run: RunName = AUTO,
    remove: Annotated[bool, option("calibrate_remove", "--remove")] = False,
    reason: Annotated[str, option("why", "--reason", metavar="TEXT")] = "",
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = "",
) -> Answer:
    """Choose how the scores of answers are to be read."""
    from tunebook.core.errors import PlanError
    from tunebook.core.hits import Threshold
    from tunebook.verbs.calibrate import calibrate as choose
    from tunebook.verbs.calibrate import remove_calibration
    from tunebook.verbs.steps.book import open_book

    opened, choice = open_book(book), asked.choice()
    found = chosen_run(opened, run)
    if remove:
        if more := repeated_options(asked):
            raise PlanError("calibrate.remove_alone", key=more[0])
        return _removed(found, remove_calibration(found, actor=owner, reason=reason), predict_command(opened, run))
    with Bars() as bars:
        made = choose(found, progress=bars, actor=owner, reason=reason, **choice)
    if isinstance(made, Threshold):
        return _matched(opened, found, made, run)
    from tunebook.cli.calibrated import of_chances

    return of_chances(opened, found, made, run)


def _removed(run: Run, files: list[Path], go: str) -> Answer:
    """What was taken back."""

    def tell(screen: Console) -> None:
        prose(screen, say("calibrate.removed", run=run.id), "bold")
        prose(screen, say("calibrate.removed_until"), "dim")

    return Answer({"run": run.id, "removed": [str(path) for path in files]}, tell, (go,))


def _matched(book: Book, found: Run, made: Threshold, run: str) -> Answer:
    """The score from which on two texts match."""
    from tunebook.core.locations import THRESHOLD

    path = found.model / THRESHOLD
    told = made.test.f1 if made.wanted is None else made.test.precision
    figures = {name: getattr(made.test, name).value for name in _FIGURES}
    data = {"path": str(path), "rows": made.test.rows, "threshold": made.threshold, **figures}
    more = {"low": told.low, "high": told.high, "wanted": made.wanted, "run": found.id}
    rows = {"validation": made.validation.model_dump(mode="json"), "warnings": _doubts(made)}
    go = (*embed_command(book, run), _asked(book, run))
    return Answer({**data, **more, **rows}, lambda screen: _tell(screen, made, path), go)


def _asked(book: Book, run: str) -> str:
    """How to ask for what reaches the threshold."""
    from tunebook.core.registry import task_of
    from tunebook.core.task import Searches

    text, searched = say("cli.some_text"), isinstance(task_of(book.file.task)(), Searches)
    chosen = ("--above", CALIBRATED, *run_option(run))
    if searched:
        return command("search", book.path, "vectors.parquet", text, *chosen)
    return command("rerank", book.path, text, "passages.txt", *chosen)


def after_hits(asked: str, book: Path, run: str, bounds: tuple[float | None, float | None]) -> tuple[str, ...]:
    """What to type after a command that asked for hits, of the model that has these bounds: choose a threshold, or ask
    for what reaches it.
    """
    known, least = bounds
    if least is not None:
        return ()
    chosen = run_option(run)
    return (command("calibrate", book, *chosen) if known is None else f"{asked} --above {CALIBRATED}",)


def _tell(screen: Console, made: Threshold, path: Path) -> None:
    from tunebook.core.formatting import number
    from tunebook.report.scores import spanned

    prose(screen, say("calibrate.found", threshold=f"{made.threshold:.4f}"), "bold")
    screen.print()
    headings = (say("report.metric"), say("calibrate.validation"), say("calibrate.test"))
    lines = [
        (
            say(f"calibrate.{name}_name"),
            spanned(getattr(made.validation, name)),
            spanned(getattr(made.test, name)),
        )
        for name in _FIGURES
    ]
    lines.append((say("calibrate.reached"), number(made.validation.reached), number(made.test.reached)))
    screen.print(grid(headings, lines))
    screen.print(facts([(say("cli.rows"), f"{made.validation.rows}, {made.test.rows}"), (say("calibrate.path"), path)]))
    prose(screen, say("calibrate.use"), "dim")
    warn(screen, _doubts(made))


def _doubts(made: Threshold) -> list[str]:
    """What is said of a precision that the validation rows may promise and not keep: their share, of which the
    threshold was chosen for being high, and what so few pairs leave open."""
    from tunebook.core.formatting import number
    from tunebook.stats.proportion import wilson_interval

    count, share = made.validation.reached, made.validation.precision.value
    if not count:
        return []
    low = wilson_interval(share * count, count).low
    promised = made.wanted if made.wanted is not None else share
    if low >= promised - _LESS:
        return []
    return [say("calibrate.doubt", count=number(count), share=f"{share:.3f}", low=f"{low:.3f}")]


def bound_of(model: Path, above: str | None) -> tuple[float | None, float | None]:
    """The threshold of a model's folder, None without one, and the score that hits must reach to be shown, None for
    all.

    Args:
        above: what `--above` said: a number, or `calibrated`.

    Raises:
        TunebookError: `cli.option`; `calibrate.none`, the model has no threshold.
    """
    from tunebook.core.errors import RunError
    from tunebook.core.hits import read_threshold

    stored = read_threshold(model)
    known = None if stored is None else stored.threshold
    if above is None:
        return known, None
    if above == CALIBRATED:
        if known is None:
            raise RunError("calibrate.none", key="--above", value=above, run=model.parent.name)
        return known, known
    try:
        least = float(above)
    except ValueError:
        least = math.nan
    if not math.isfinite(least):
        raise wrong("--above", above, f"{CALIBRATED} | 0.5")
    return known, least


def marked(rows: list[dict[str, Any]], bounds: tuple[float | None, float | None]) -> list[dict[str, Any]]:
    """Hits with their `score`, those that are to be shown; each says with `match` whether it reaches the threshold of
    the model, where that has one."""
    known, least = bounds
    shown = [row for row in rows if least is None or row["score"] >= least]
    return shown if known is None else [{**row, "match": row["score"] >= known} for row in shown]


def below(rows: list[dict[str, Any]], bounds: tuple[float | None, float | None], among: int) -> str:
    """What is said where none of the hits is shown; empty where one is.

    Args:
        rows: hits with their `score`, best first; among: how many texts were compared.
    """
    if marked(rows, bounds):
        return ""
    if not rows:
        return say("calibrate.nothing")
    return say("calibrate.below", rows=among, best=f"{rows[0]['score']:.3f}", least=f"{bounds[1]:.3f}")


def mark_of(row: dict[str, Any]) -> str:
    """What stands before a hit on the screen."""
    return "" if "match" not in row else "✓ " if row["match"] else "  "


__all__ = ["CALIBRATED", "Asked", "after_hits", "below", "bound_of", "calibrate", "mark_of", "marked"]
