"""Learning curve: the table trained on less and less of the rows, and what that says of more."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tunebook.core.call_check import Allow
from tunebook.core.errors import BookError, PlanError
from tunebook.core.files import content_id
from tunebook.core.folders import held
from tunebook.core.nouns import ParamTable, Plan, Record, read_json, write_json
from tunebook.core.progress import Progress, Silent
from tunebook.core.registry import task_of
from tunebook.stats.learning_curve import LearningCurve
from tunebook.tables.in_force import settings_of
from tunebook.verbs.abtest.scored import split_exam
from tunebook.verbs.curve_points import Frozen, Point, Points, Trained
from tunebook.verbs.curve_scores import Asked, Told, told
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.pace import pace_of
from tunebook.verbs.steps.plan import plan

FOLDER, RESULT, PAGE = "curves", "curve.json", "curve.html"
SEEDS = 3
_SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the training rows: about two trainings on all of them, a seed
_SMALLEST = 16  # rows


@dataclass(frozen=True)
class CurveOptions:
    """How a curve is made.

    Attributes:
        sizes: numbers of training rows, or shares of all up to 1; none given takes 1/16, 1/8, 1/4, 1/2 and all.
        seeds: of each size; a seed chooses the rows and trains.
        metric: None takes the table's.
        target: score that is wanted; None for none.
        minutes: of this call; points that it does not reach are left for the next.
        frozen: a linear model on the frozen base model takes the place of the training.
        allow: as `plan` takes it.
    """

    sizes: Sequence[float] = ()
    seeds: int = SEEDS
    metric: str | None = None
    target: float | None = None
    minutes: float | None = None
    frozen: bool = False
    allow: Allow = frozenset()


class PointCost(Record):
    """What a size costs: `runs` that are lacking, and the seconds of all of these, None where that is not known."""

    rows: int
    runs: int
    seconds: float | None = None


class CurveCost(Record):
    """What a curve would cost, before anything is trained.

    Attributes:
        trainings: of what is lacking, in trainings of the table on all rows; seconds: None where nobody can tell.
        reach: runs that the budget is expected to reach; None without one.
    """

    curve: str
    metric: str
    seeds: list[int]
    sizes: list[PointCost]
    runs: int
    seconds: float | None
    trainings: float
    reach: int | None = None


@dataclass(frozen=True)
class _Curve(Asked):
    """A curve that is to be made: also where its points come from, and seconds of a run of each size."""

    id: str
    points: Points
    table: ParamTable
    options: CurveOptions
    costs: dict[int, float]


def curve(
    book: Book,
    table: ParamTable | str = "champion",
    options: CurveOptions | None = None,
    *,
    progress: Progress | None = None,
) -> LearningCurve:
    """Train a table on growing parts of the rows, each of which holds the one before, score all on the same validation
    rows, and say what more rows would do.

    Whatever is in `curves/ID` of the book is taken as it is, and so are the book's runs on all rows: the same call goes
    on where it was stopped, and with more sizes or seeds only these are trained. It writes curve.json and curve.html.

    Raises:
        PlanError: `curve.option`, `curve.sizes`, `curve.size_twice`, `curve.metric`, `curve.target`, `curve.task`,
            `curve.frozen`; as `plan`.
        BookError: `curve.busy`. RunError, MachineError: as `train`; the same call goes on.
    """
    made = _specified(book, table, options or CurveOptions())
    with _held(made.points.folder):
        bought = _bought(made, progress or Silent())
        return _written(told(made, made.points.exam, book.data, bought, made.options.target), made)


def cost(book: Book, table: ParamTable | str = "champion", options: CurveOptions | None = None) -> CurveCost:
    """What `curve` would cost; nothing is trained or written. Raises as `curve`."""
    made = _specified(book, table, options or CurveOptions())
    lacking = [(size, seed) for size, seed in made.wanted if made.points.kept(size, seed) is None]
    told = [
        PointCost(
            rows=size,
            runs=(runs := sum(size == other for other, _ in lacking)),
            seconds=None if made.options.frozen else runs * made.costs[size],
        )
        for size in made.sizes
    ]
    spent = np.cumsum([made.costs[size] for size, _ in lacking])
    limit = made.options.minutes
    whole = pace_of(book.path / "runs").seconds(made.points.whole.whole)
    return CurveCost(
        curve=made.id,
        metric=made.metric,
        seeds=made.seeds,
        sizes=told,
        runs=len(lacking),
        seconds=None if made.options.frozen else float(spent[-1]) if len(spent) else 0.0,
        trainings=0.0 if made.options.frozen or not len(spent) else float(spent[-1]) / whole,
        reach=None if limit is None or made.options.frozen else int((spent <= limit * 60).sum()),
    )


def read_curve(book: Book, name: str = "") -> LearningCurve | None:
    """The curve of this id, else the newest that was made; None where there is none that can be read."""
    files = list((book.path / FOLDER).glob(f"{name or '*'}/{RESULT}"))
    for path in sorted(files, key=lambda path: path.stat().st_mtime, reverse=True):
        with suppress(BookError):
            found: LearningCurve = read_json(LearningCurve, path)
            return found.model_copy(update={"page": str(path.parent / PAGE)})  # the book may stand elsewhere by now
    return None


def _specified(book: Book, table: ParamTable | str, options: CurveOptions) -> _Curve:
    """Everything that a curve is made of; refuses what cannot be."""
    parent = book.tables.get(table) if isinstance(table, str) else table
    data, task = book.data, task_of(book.data.task)()
    _check(options)
    whole = plan(parent, data, allow=options.allow)
    metric = options.metric or whole.params.metric
    judges = task.judges(data.labels)
    known = task.metric(data.labels, metric) if metric in judges else None
    if known is None or not math.isfinite(known.high):
        raise PlanError("curve.metric", key="--metric", value=metric, allowed=" | ".join(judges))
    if options.target is not None and not known.low < options.target <= known.high:
        allowed = f"{known.low:g} < … <= {known.high:g}"
        raise PlanError("curve.target", key="--target", value=options.target, allowed=allowed)
    exam = split_exam(data, "validation", metric)
    if exam.rows.targets is None:
        raise PlanError("curve.task", key="task", value=data.task)
    sizes = _sizes(options.sizes, data.rows["train"])
    name = content_id([whole.id, options.frozen], 12)
    folder = book.path / FOLDER / name
    learner = Frozen(data, whole) if options.frozen else Trained(book, folder, parent, whole, exam, options.allow)
    start = settings_of(parent).seed
    seeds = [(start + place) % 2**32 for place in range(options.seeds)]
    points = Points(book, folder, whole, exam, learner)
    costs = {size: 0.0 if options.frozen else _seconds(parent, book, whole, size, options.allow) for size in sizes}
    return _Curve(metric, known.high, sizes, seeds, name, points, parent, options, costs)


def _check(options: CurveOptions) -> None:
    for name, number in (("--seeds", options.seeds), ("--budget", options.minutes)):
        if number is not None and not number > 0:
            raise PlanError("curve.option", key=name, value=number, allowed="> 0")


def _sizes(given: Sequence[float], rows: int) -> list[int]:
    """Numbers of rows, ascending, each once.

    Raises:
        PlanError: `curve.sizes`; `curve.size_twice`, two of them are one number of rows.
    """
    if not given:
        return sorted({max(round(share * rows), min(_SMALLEST, rows)) for share in _SHARES})
    found: dict[int, float] = {}
    for size in given:
        number = size * rows if 0 < size < 1 else rows if size == 1 else size
        if not 2 <= number <= rows:
            raise PlanError("curve.sizes", key="--sizes", value=f"{size:g}", allowed=f"2 … {rows}, 0.1 … 1")
        if round(number) in found:
            told = f"{found[round(number)]:g}, {size:g}"
            raise PlanError("curve.size_twice", key="--sizes", value=told, rows=round(number))
        found[round(number)] = size
    return sorted(found)


def _seconds(table: ParamTable, book: Book, whole: Plan, size: int, allow: Allow) -> float:
    """Seconds of a run on so many rows, as its plan would foretell at the pace of the last runs."""
    if size != book.data.rows["train"]:
        rows = {**book.data.rows, "train": size}
        whole = plan(table, book.data.model_copy(update={"rows": rows}), allow=allow)
    return pace_of(book.path / "runs").seconds(whole.whole)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / ".lock", BookError("curve.busy", key=folder.name)):
        yield


def _bought(made: _Curve, progress: Progress) -> dict[tuple[int, int], Point]:
    """Every point that there is when all are, or the budget ends."""
    begun, limit, found = time.monotonic(), (made.options.minutes or math.inf) * 60, {}
    progress.start("curve", len(made.wanted))
    took, foretold = 0.0, 0.0
    for size, seed in made.wanted:
        point = made.points.kept(size, seed)
        if point is None:
            pace = took / foretold if foretold else 1.0
            if time.monotonic() - begun + made.costs[size] * pace > limit:
                continue
            point = made.points.buy(size, seed, progress)
            took, foretold = took + point.seconds, foretold + made.costs[size]
        found[size, seed] = point
        progress.advance()
    progress.finish()
    return found


def _written(made: Told, what: _Curve) -> LearningCurve:
    from tunebook.report.curve import write_curve

    folder = what.points.folder
    found = LearningCurve(
        curve=what.id,
        table=what.table.version,
        metric=what.metric,
        frozen=what.options.frozen,
        rows=what.points.book.data.rows["train"],
        tested=len(what.points.exam.rows),
        groups=what.points.exam.count,
        best=what.best,
        asked=len(what.wanted),
        page=str(folder / PAGE),
        **vars(made),
    )
    write_json(found, folder / RESULT)
    write_curve(Path(found.page), found)
    return found


__all__ = ["SEEDS", "CurveCost", "CurveOptions", "PointCost", "cost", "curve", "read_curve"]
