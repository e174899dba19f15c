"""Search: try tables within the declared ranges, and propose the best one as a version to be tested."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from tunebook.core.call_check import Allow
from tunebook.core.errors import BookError, MachineError, PlanError, RunError
from tunebook.core.folders import held, inside
from tunebook.core.kept_looks import FOLDER as LOOKS
from tunebook.core.localized import localized
from tunebook.core.nouns import ParamTable, Plan, write_json
from tunebook.core.params import Value
from tunebook.core.progress import Progress, Silent
from tunebook.core.registry import task_of
from tunebook.tables.in_force import settings_of
from tunebook.tables.make import child
from tunebook.verbs.engines.seam import chosen
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.trials.engine import Engine, InTurn, SideBySide
from tunebook.verbs.trials.result import SearchResult, best_of, conclude
from tunebook.verbs.trials.space import make_space
from tunebook.verbs.trials.study import LOG, SearchSpec, Study, TrialRecord
from tunebook.verbs.trials.trial import BLOCKS, Job

RUNS = 20
Prune = Literal["median", "wilcoxon", "none"]
Sampler = Literal["tpe", "random", "grid"]


@dataclass(frozen=True)
class SearchOptions:
    """How a search is made.

    Attributes:
        rows, ranges: what is varied, as `make_space` takes it.
        runs: trials in all, those of earlier sessions too; None for 20, or for no limit where `minutes` is given.
        minutes: time in all, that of earlier sessions too.
        prune: `median` stops a trial whose best score so far is below the median of the others at the same look;
            `wilcoxon` stops one after a seed whose scores by rows are surely below the best trial's.
        sampler: `tpe`, `random`, or `grid`: both ends and the middle of each row.
        seeds: runs of each trial; all trials have the same seeds.
        workers: trials at once; None for as many as there can be trainings.
        allow: as `plan` takes it.
    """

    rows: Sequence[str] = ()
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    runs: int | None = None
    minutes: float | None = None
    prune: Prune = "median"
    sampler: Sampler = "tpe"
    seeds: int = 1
    workers: int | None = None
    allow: Allow = frozenset()


def search(
    book: Book,
    table: ParamTable | str = "champion",
    options: SearchOptions | None = None,
    *,
    progress: Progress | None = None,
) -> SearchResult:
    """Try tables around one, and add the best as a child version; it never becomes champion by that.

    The first trial is the table itself. The same search called again goes on where it was stopped, within its budget,
    and with a larger budget goes further. Its folder is `searches/ID` of the book: search.json, study.log, report.html,
    and the runs, without models except the best trial's.

    Raises:
        PlanError, TableError: an option, a row or a range that cannot be. BookError: `search.busy`.
        MachineError: a package is missing, the disk is full, or the book may not be written.
        RunError: `search.interrupted`, `search.nothing`.
    """
    options = options or SearchOptions()
    parent = book.tables.get(table) if isinstance(table, str) else table
    spec, first = specify(book, parent, options)
    folder = book.path / "searches" / spec.id
    from tunebook.engine.failures import explained

    with explained(first.params), _held(folder):
        if not (folder / "search.json").is_file():
            write_json(spec, folder / "search.json")
        study = Study(folder, spec, parent, options.minutes)
        before = study.count
        try:
            with _engine(options, progress) as engine:
                _drive(study, engine, _Hand(book, folder, first, options), progress or Silent())
        except KeyboardInterrupt:
            raise RunError("search.interrupted", key=spec.id, value=study.count) from None
        except RunError as error:
            if error.code != "run.interrupted":
                raise
            raise RunError("search.interrupted", key=spec.id, value=study.count) from None
        records = study.records()
        result = conclude(book, parent, spec, records, folder)
        _report(folder, spec, records, result)
        if study.count > before:
            _log(book, result)
    return result


def specify(book: Book, parent: ParamTable, options: SearchOptions) -> tuple[SearchSpec, Plan]:
    """What a search is, and the plan of its first trial; refuses what cannot be before anything is written."""
    _check(options)
    space = make_space(parent, options.rows, options.ranges)
    start = settings_of(parent).seed
    seeds = [(start + place) % 2**32 for place in range(options.seeds)]
    first = plan(parent, book.data, allow=options.allow)
    idle = task_of(first.task)().idle(first.labels)
    for axis in space.axes:
        if axis.name in idle:
            raise PlanError("plan.numbers", key=axis.name, value=axis.high, allowed=str(idle[axis.name]))
    spec = SearchSpec(
        plan=first.id,
        table_version=parent.version,
        metric=first.params.metric,
        space=space,
        seeds=seeds,
        prune=options.prune,
        sampler=options.sampler,
    )
    return spec, first


def _check(options: SearchOptions) -> None:
    for name, value, allowed in (
        ("--prune", options.prune, get_args(Prune)),
        ("--sampler", options.sampler, get_args(Sampler)),
    ):
        if value not in allowed:
            raise PlanError("search.option", key=name, value=value, allowed=" | ".join(allowed))
    for name, number in (
        ("--runs", options.runs),
        ("--minutes", options.minutes),
        ("--seeds", options.seeds),
        ("--workers", options.workers),
    ):
        if number is not None and not number > 0:
            raise PlanError("search.budget", key=name, value=number, allowed="> 0")
    if options.prune == "wilcoxon" and options.seeds < 2:
        raise PlanError("search.seeds", key="--seeds", value=options.seeds, allowed=">= 2")


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Keep other processes out of a search.

    Raises:
        BookError: `search.busy`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with held(folder / ".lock", BookError("search.busy", key=folder.name)):
        yield


def _engine(options: SearchOptions, progress: Progress | None) -> Engine:
    """Trials side by side as far as trainings can be.

    Raises:
        MachineError: `search.cluster`, there is no room for so many.
    """
    room = chosen().room
    if options.workers is not None and options.workers > room:
        raise MachineError("search.cluster", key="--workers", value=options.workers, allowed=f"1 … {room}")
    wanted = options.workers or room
    return InTurn(progress) if wanted == 1 else SideBySide(wanted)


@dataclass(frozen=True)
class _Hand:
    """Makes the jobs of a search, and clears away what they leave."""

    book: Book
    folder: Path
    first: Plan
    options: SearchOptions

    def job(self, study: Study, number: int, values: Mapping[str, Value]) -> Job:
        """What a trial trains."""
        changed = {name: value for name, value in values.items() if value != study.present.get(name)}
        return Job(
            number=number,
            table=child(study.table, changed) if changed else study.table,
            data=self.first.data_path,
            seeds=tuple(study.spec.seeds),
            folder=self.folder / "runs",
            elsewhere=self.book.path / "runs",
            blocks=BLOCKS if study.spec.prune == "wilcoxon" else 0,
            allow=self.options.allow,
        )

    def more(self, study: Study) -> bool:
        """Whether the budget has room for another trial."""
        limit = self.options.runs or (None if self.options.minutes else RUNS)
        return limit is None or study.count < limit

    def clear(self, records: Sequence[TrialRecord]) -> None:
        """Delete the checkpoints of all trials that ended, and the models of all but the best."""
        best = best_of(records)
        kept = set(best.runs) if best else set()
        for record in records:
            for run in record.runs:
                folder = inside(self.folder / "runs", run, said_by=self.folder / LOG)
                shutil.rmtree(folder / "checkpoints", ignore_errors=True)
                if run not in kept:
                    for part in ("model", LOOKS):
                        shutil.rmtree(folder / part, ignore_errors=True)


def _drive(study: Study, engine: Engine, hand: _Hand, progress: Progress) -> None:
    """Ask, train, tell, until the budget is spent."""
    limit = hand.options.runs or (RUNS if hand.options.minutes is None else 0)
    progress.start("search", limit or round((hand.options.minutes or 0) * 60), study.count if limit else 0)
    under_way = 0
    while True:
        while under_way < engine.room and hand.more(study) and (asked := study.ask()) is not None:
            engine.submit(hand.job(study, *asked))
            under_way += 1
        if not under_way:
            break
        before = study.seconds
        number, done = engine.next(study.heed)
        under_way -= 1
        study.tell(number, done)
        records = study.records()
        hand.clear(records)
        best = best_of(records)
        amount = int(done.state != "stopped") if limit else round(study.seconds - before)
        progress.advance(
            amount, **({f"eval_{study.spec.metric}": best.score} if best and best.score is not None else {})
        )
    progress.finish()


def _report(folder: Path, spec: SearchSpec, records: Sequence[TrialRecord], result: SearchResult) -> None:
    from tunebook.report.search import write_search_report
    from tunebook.verbs.trials.result import importance

    write_search_report(folder, spec, records, result, importance(spec.space, records))


def _log(book: Book, result: SearchResult) -> None:
    facts: dict[str, Any] = result.model_dump(mode="json", exclude={"path", "table"})
    where = os.path.relpath(result.path, book.path)
    book.log.append("search", reason=localized("search.logged"), table=result.table, evidence={**facts, "path": where})


__all__ = ["RUNS", "SearchOptions", "search", "specify"]
