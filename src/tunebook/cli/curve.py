"""tunebook curve: what more rows would bring, and which ones to label next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import named_table
from tunebook.cli.label_next import Next, choose_next
from tunebook.cli.options import Allowed, Books, option, repeated_options
from tunebook.core.errors import PlanError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.stats.learning_curve import LearningCurve
    from tunebook.verbs.curve import CurveCost


@dataclass(frozen=True)
class Of:
    """What the curve is made of."""

    table: Annotated[str, option("curve_table", "--table", metavar="vN|FILE")] = "champion"
    sizes: Annotated[str, option("curve_sizes", "--sizes", metavar="N,…")] = ""
    seeds: Annotated[int, option("curve_seeds", "--seeds", metavar="N")] = 3
    metric: Annotated[str | None, option("curve_metric", "--metric", metavar="METRIC")] = None
    target: Annotated[str | None, option("curve_target", "--target", metavar="SCORE")] = None
    frozen: Annotated[bool, option("curve_frozen", "--frozen")] = False


@dataclass(frozen=True)
class Effort:
    """What it may cost."""

    budget: Annotated[float | None, option("curve_budget", "--budget", metavar="MINUTES")] = None
    dry_run: Annotated[bool, option("curve_dry_run", "--dry-run")] = False


def curve(book: Books, of: Of, effort: Effort, then: Next, allowed: Allowed) -> Answer:
    """Train on growing parts of the rows, and say what more would bring; or choose rows to label next."""
    _together(of, effort, then)
    if then.file is not None:
        return choose_next(book, then)
    from tunebook.verbs.curve import cost
    from tunebook.verbs.curve import curve as draw
    from tunebook.verbs.curve_words import begins
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.typed_curve import typed_curve

    opened, options = open_book(book), typed_curve({**vars(of), "budget": effort.budget}, allowed.names)
    table = named_table(opened, of.table)
    told = cost(opened, table, options)
    if effort.dry_run:
        again = command("curve", book, *repeated_options(of, effort, allowed, but="dry_run"))
        return Answer(
            told.model_dump(mode="json"), lambda screen: _tell_cost(screen, told, opened.path / "runs"), (again,)
        )
    note(begins(told, opened.path / "runs"))
    with Bars(told.metric) as bars:
        found = draw(opened, table, options, progress=bars)
    return Answer(found.model_dump(mode="json"), lambda screen: _tell(screen, found), _next(book, of, found))


def _together(of: Of, effort: Effort, then: Next) -> None:
    """Refuse options that would have no effect.

    Raises:
        PlanError: `curve.idle`.
    """
    idle = repeated_options(then) if then.file is None else repeated_options(of, effort)
    if idle:
        raise PlanError("curve.idle" if then.file is None else "curve.idle_next", key=idle[0])


def _tell_cost(screen: Console, told: CurveCost, runs: Path) -> None:
    from tunebook.verbs.curve_words import begins, cost_lines

    prose(screen, begins(told, runs), "bold")
    screen.print()
    screen.print(grid(*cost_lines(told), right=(0, 1, 2, 3)))
    if told.reach is not None:
        prose(screen, say("curve.reach", reach=told.reach, runs=told.runs))


def _tell(screen: Console, found: LearningCurve) -> None:
    from tunebook.core.formatting import metric_name, number, score_text
    from tunebook.report.curve import answer, doubts

    prose(screen, answer(found), "bold")
    screen.print()
    headings = (say("curve.axis"), metric_name(found.metric), say("curve.interval"), "")
    lines: list[Any] = [
        (number(p.rows), score_text(p.score.value), _ends(p.score), say("curve.is_seen")) for p in found.points
    ]
    lines += [
        (number(item.rows), score_text(item.score.value), _ends(item.score), say("curve.is_ahead"))
        for item in found.judged.ahead[1:4]
    ]
    screen.print(grid(headings, lines, right=(0, 1, 2)))
    needy = [item.name for item in found.classes if item.needs]
    known: list[tuple[str, Any]] = [(say("curve.needy"), ", ".join(needy[:5]))] if needy else []
    screen.print(facts([*known, (say("cli.report"), Path(found.page))]))
    warn(screen, doubts(found))


def _ends(score: Any) -> str:
    from tunebook.core.formatting import score_text

    return f"{score_text(score.low)} – {score_text(score.high)}"


def _next(book: Path, of: Of, found: LearningCurve) -> tuple[str, ...]:
    """More seeds or sizes where nothing can be told yet; the rest of what a budget stopped."""
    needed = found.judged.needed
    same = repeated_options(of, but="seeds")
    if found.stopped:
        return (command("curve", book, *repeated_options(of)),)
    if needed is not None and needed.verdict == "unknown":
        return (command("curve", book, *same, "--seeds", 2 * of.seeds),)
    return ()


__all__ = ["Effort", "Of", "curve"]
