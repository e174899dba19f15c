"""What a rating study is made of: which runs, which rows drawn, and what each run answers to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tunebook.core.changes import listed
from tunebook.core.errors import BookError, DataError, PlanError
from tunebook.core.files import content_id
from tunebook.core.nouns import Split
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.writes import Writes
from tunebook.engine.calibrated import said_by
from tunebook.rating.draw import check_name
from tunebook.rating.study import PAIRS, SCORES, Differing, Item, RatedRun, Study, questions_of
from tunebook.stats.bootstrap import Units
from tunebook.stats.proportion import effective_rows
from tunebook.tables.values import number
from tunebook.verbs.steps.answers import answers, model_key, place_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.calibration import calibration_of
from tunebook.verbs.steps.retention import units_of
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.answers import Rows

_VERSION = re.compile(r"v\d+")
_MOST_RUNS = 6
_OF_TEXTS = "accuracy,coherence,usefulness,safety"


@dataclass(frozen=True)
class Wanted:
    """What a study is to be.

    Attributes:
        questions: keys with commas, or a TOML file; empty for what suits.
        kind: `pairs`, `scores`, `both`; `auto`: pairs of two runs or more.
        rows: to be judged at most. raters: who may rate; empty for anybody. overlap: share of the rows that all see.
        split: that the rows are drawn from; by: columns by which results are told apart. seed: of all that is drawn.
    """

    questions: str = ""
    kind: Literal["auto", "pairs", "scores", "both"] = "auto"
    rows: int = 100
    raters: tuple[str, ...] = ()
    overlap: float = 0.3
    split: Split = "validation"
    by: tuple[str, ...] = ()
    seed: int = 0


def typed_study(typed: Mapping[str, str]) -> Wanted:
    """What was typed of a study, by the names of the attributes; an empty text leaves what holds without it.

    Raises:
        PlanError: `rate.how`, a number that is none.
    """
    given: dict[str, Any] = {name: typed[name] for name in ("questions", "kind") if typed.get(name)}
    given |= {name: tuple(listed(typed[name])) for name in ("raters", "by") if typed.get(name)}
    if rows := typed.get("rows"):
        if not (rows.isascii() and rows.isdigit() and len(rows) < 9):
            raise PlanError("rate.how", key="--rows", value=rows, allowed=">= 1")
        given["rows"] = int(rows)
    if overlap := typed.get("overlap"):
        if (found := number(overlap)) is None:
            raise PlanError("rate.how", key="--overlap", value=overlap, allowed="0 – 1")
        given["overlap"] = found
    return Wanted(**given)


def check_study(book: Book, runs: Sequence[str], wanted: Wanted) -> None:
    """Refuse what can be refused before any run is asked.

    Raises:
        PlanError, DataError, BookError: as `kind_of`, `run_named` and `questions_of`.
    """
    kind = kind_of([run_named(book, name) for name in runs], wanted)
    if wanted.questions:
        questions_of(wanted.questions, kind)


def run_named(book: Book, name: str) -> Run:
    """A run by its name, or the newest finished one of a table."""
    if not _VERSION.fullmatch(name):
        return book.run(name)
    table = book.tables.get(name)
    found = [run for run in book.runs if run.finished and run.plan.table == table.values_id]
    if not found:
        known = ", ".join(run.id for run in book.runs[::-1] if run.finished) or "–"
        raise BookError("rate.no_run", key="run", value=name, book=book.path, allowed=known)
    return found[-1]


def kind_of(runs: Sequence[Run], wanted: Wanted) -> str:
    """The kind of a study that can be had.

    Raises:
        PlanError: `rate.which_runs`, `rate.kind`, `rate.how`, `rate.who_rates`. DataError: `rate.name`.
    """
    names = [run.id for run in runs]
    if not names or len(set(names)) < len(names) or len(names) > _MOST_RUNS:
        raise PlanError("rate.which_runs", key="--runs", value=",".join(names), allowed=f"1 – {_MOST_RUNS}")
    kind = (PAIRS if len(names) > 1 else SCORES) if wanted.kind == "auto" else wanted.kind
    if kind not in (PAIRS, SCORES, "both"):
        raise PlanError("rate.how", key="--kind", value=kind, allowed="pairs | scores | both")
    if kind != SCORES and len(names) < 2:
        raise PlanError("rate.kind", key="--kind", value=kind, allowed=SCORES)
    least = 2 if kind == "both" else 1
    if wanted.rows < least:
        raise PlanError("rate.how", key="--rows", value=wanted.rows, allowed=f">= {least}")
    if not 0 <= wanted.overlap <= 1:
        raise PlanError("rate.how", key="--overlap", value=wanted.overlap, allowed="0 – 1")
    raters = [name.strip() for name in wanted.raters]
    if len(set(raters)) < len(raters) or not all(raters):
        raise PlanError("rate.who_rates", key="--raters", value=",".join(wanted.raters), allowed="ann,bo")
    for name in raters:
        check_name(name)
    return kind


@dataclass(frozen=True)
class Draw:
    """Rows of a split with what each run says of them, `said` of run and row, and what the rows are told apart by."""

    book: Book
    runs: Sequence[Run]
    rows: Rows
    said: list[list[str]]
    slices: list[dict[str, str]]
    units: Units

    @classmethod
    def of(cls, book: Book, runs: Sequence[Run], wanted: Wanted, progress: Progress | None) -> Draw:
        """Ask all runs. Raises as `tunebook.verbs.rate.new_rating`."""
        from tunebook.data.load import load

        data, split = book.data, wanted.split
        if not data.rows.get(split):
            allowed = " | ".join(name for name, count in data.rows.items() if count)
            raise DataError("data.no_split", key=split, value=0, allowed=allowed)
        rows = load(data, split)
        said = []
        for run in runs:
            task = task_of(run.plan.task)()
            given = answers(run, rows, place_of(run.plan, data, split), progress=progress)
            told = said_by(task, given, rows, run.plan.labels, calibration_of(run))  # as users are told
            if not any(next(iter(answer.values())) not in (None, "") for answer in told):
                raise DataError("rate.task", key=run.id, value=run.plan.task)
            said.append([task.in_full(answer) for answer in told])
        return cls(book, runs, rows, said, _slices(rows, wanted), units_of(rows, data))

    def study(self, kind: str, wanted: Wanted) -> Study:
        """The study of a kind."""
        classes = self.book.data.labels.kind.classes == "one"
        writes = isinstance(task_of(self.book.file.task)(), Writes)
        asked = wanted.questions or ("overall" if kind != SCORES else _OF_TEXTS if writes else "accuracy")
        differing = [self._differing(a, b) for a, b in combinations(range(len(self.runs)), 2)]
        beside, alone = self._drawn(kind, wanted)
        items = [*self._pairs(beside), *self._scores(alone)]
        rated = [
            RatedRun(run=run.id, table=run.plan.table, plan=run.plan.id, model=model_key(run)) for run in self.runs
        ]
        return Study(
            task=self.book.file.task, split=wanted.split, content=self.book.data.content, runs=rated,
            questions=questions_of(asked, kind, classes=classes), raters=[name.strip() for name in wanted.raters],
            overlap=wanted.overlap if wanted.raters else 1.0, seed=wanted.seed, differing=differing, items=items,
            **self._together(items),
            created=datetime.now(UTC).isoformat(timespec="microseconds"),
        )  # fmt: skip

    def _together(self, items: Sequence[Item]) -> dict[str, Any]:
        """Which rows were drawn together, where some were, and how many rows by themselves tell as much."""
        if self.units.codes is None:
            return {}
        group = dict(zip(self.rows.ids, self.units.codes.tolist(), strict=True))
        rows = self.units.sums(np.ones(len(self.rows)))
        apart = [np.array(self.said[a]) != np.array(self.said[b]) for a, b in combinations(range(len(self.runs)), 2)]
        effective = [float(effective_rows(self.units.sums(one), rows)) for one in apart]
        return {"groups": {item.row: group[item.row] for item in items}, "effective": effective}

    def _differing(self, a: int, b: int) -> Differing:
        count = sum(one != other for one, other in zip(self.said[a], self.said[b], strict=True))
        return Differing(a=a, b=b, differ=count, rows=len(self.rows))

    def _drawn(self, kind: str, wanted: Wanted) -> tuple[list[int], list[int]]:
        """Rows whose answers stand side by side, and rows whose answers are judged each by itself: the first ones drawn
        of those that any two runs answer differently, and of all. Of both kinds as many, in no more rows than wanted.
        """
        order: list[int] = np.random.default_rng([wanted.seed, 7]).permutation(len(self.rows)).tolist()
        differing = [row for row in order if len({said[row] for said in self.said}) > 1]
        if kind == SCORES:
            return [], order[: wanted.rows]
        if not differing:
            raise DataError("rate.alike", key="--runs", value=len(self.rows), split=wanted.split)
        if kind == PAIRS:
            return differing[: wanted.rows], []
        halves = ((differing[: (count + 1) // 2], order[: count // 2]) for count in range(2 * wanted.rows, 1, -1))
        return next(both for both in halves if len({*both[0], *both[1]}) <= wanted.rows)

    def _pairs(self, drawn: Sequence[int]) -> list[Item]:
        """Two answers side by side, where they differ."""
        return [
            self._item(row, PAIRS, [self.said[a][row], self.said[b][row]], [[a], [b]])
            for row in drawn
            for a, b in combinations(range(len(self.runs)), 2)
            if self.said[a][row] != self.said[b][row]
        ]

    def _scores(self, drawn: Sequence[int]) -> list[Item]:
        """Each answer by itself; what several runs say alike is judged once."""
        found = []
        for row in drawn:
            by: dict[str, list[int]] = {}
            for place, said in enumerate(self.said):
                by.setdefault(said[row], []).append(place)
            found += [self._item(row, SCORES, [text], [runs]) for text, runs in by.items()]
        return found

    def _item(self, row: int, kind: Any, told: list[str], runs: list[list[int]]) -> Item:
        rows, name = self.rows, self.rows.ids[row]
        seconds = rows.raw_pairs or rows.pairs
        shown: dict[str, Any] = {
            "text": (rows.raw or rows.texts)[row],
            "pair": None if seconds is None else seconds[row],
            "slices": self.slices[row],
        }
        key = content_id([kind, name, runs, [run.id for run in self.runs]], 8)
        return Item(key=key, row=name, kind=kind, answers=told, runs=runs, **shown)


def _slices(rows: Rows, wanted: Wanted) -> list[dict[str, str]]:
    """The language of each row, and what its columns say.

    Raises:
        DataError: `rate.column`.
    """
    from tunebook.data.describe import guess_language

    for name in wanted.by:
        if name not in rows.other:
            raise DataError("rate.column", key="--by", value=name, allowed=" | ".join(rows.other))
    return [
        {"language": guess_language([text])[0], **{name: str(rows.other[name][row]) for name in wanted.by}}
        for row, text in enumerate(rows.texts)
    ]


__all__ = ["Draw", "Wanted", "check_study", "kind_of", "run_named", "typed_study"]
