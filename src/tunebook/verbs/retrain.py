"""Retrain: new labelled rows -> a version of the data, a challenger on it, and a verdict against the run in service.

The same call again goes on where it stopped: a version that is there is not made again, runs that have finished are
not trained again, and a verdict stands. Nothing reaches users by this: that is for a rollout.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tunebook.core.call_check import Allow
from tunebook.core.errors import BookError, DataError, RefusedError
from tunebook.core.files import write_whole
from tunebook.core.folders import folder_of, held, read_object
from tunebook.core.formatting import amount
from tunebook.core.localized import localized
from tunebook.core.locations import data_name
from tunebook.core.nouns import DataRef
from tunebook.core.progress import Progress, Silent
from tunebook.core.verdict import asked_seeds
from tunebook.data.merge import Merged, merge, merge_id, read_merged
from tunebook.rollout.state import state
from tunebook.verbs.abtest.ab_plan import metric_of
from tunebook.verbs.abtest.arms import Arm, Result, expected_seconds, trained
from tunebook.verbs.retrain_judge import Judgement, OnRows, judge
from tunebook.verbs.retrain_rows import live_run, log_file
from tunebook.verbs.rollout import start
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.book_data import in_force
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.request_log import request_log
from tunebook.verbs.steps.runs import Run

FOLDER, VERDICT, ASKED = "retrain", "verdict.json", "asked.json"


@dataclass(frozen=True)
class Asked:
    """What a retraining is made of.

    Attributes:
        new: files of labelled rows; from_log: also the texts of the request log whose `label` came back.
        seeds: runs of the challenger; None takes the gate's.
        allow: as in `plan`.
    """

    new: tuple[Path, ...] = ()
    from_log: bool = False
    seeds: int | None = None
    allow: Allow = frozenset()


@dataclass(frozen=True)
class Proposal:
    """What is about to happen.

    Attributes:
        version: of the data, `base` the one that it follows; rows: new ones by split; dropped: reason -> new rows that
            are left out; old_test: rows of the first test.
        live: the run in service; table: version that is trained; seeds: with which; seconds: that it takes.
        unknown: texts of the log whose label the book does not have.
    """

    version: int
    base: int
    rows: dict[str, int]
    dropped: dict[str, int]
    old_test: int
    live: str
    table: int
    seeds: list[int]
    seconds: float
    unknown: int = 0


@dataclass(frozen=True)
class Retrained:
    """What came of it.

    Attributes:
        path: folder of the verdict; started: a rollout of the challenger is on, since the book lets a machine begin it.
    """

    proposal: Proposal
    judgement: Judgement
    path: Path
    started: bool = False


@dataclass(frozen=True)
class _Work:
    """What a retraining rests on."""

    book: Book
    live: Run
    base: DataRef
    number: int
    files: tuple[Path, ...]
    unknown: int


def propose(book: Book, asked: Asked) -> Proposal:
    """What `retrain` would do; nothing of it is kept.

    Raises:
        DataError: as `retrain`. RefusedError: `retrain.few`.
    """
    with tempfile.TemporaryDirectory(dir=book.path, prefix=".retrain-") as scratch:  # seen from it the book is above
        work = _work(book, asked, Path(scratch))
        done = _there(work) or merge(work.base, work.files, Path(scratch), work.number, test=_share(book))
        _enough(book, done)
        arm = Arm(book.champion, plan(book.champion, done.ref, allow=asked.allow))
        return _proposal(work, asked, done, arm)


def retrain(book: Book, asked: Asked, progress: Progress | None = None) -> Retrained:
    """Merge new rows, train the champion's table on all of them, and judge it against the run in service.

    Raises:
        DataError: `retrain.no_rows`, nothing was given; `retrain.nothing`, `retrain.kind`, and as a file is read.
        RefusedError: `retrain.few`: the second test would have too few rows. BookError: `retrain.busy`; no run.
        RunError, MachineError: a training was interrupted; the same call again goes on.
    """
    with _alone(book):
        work = _work(book, asked, book.path / "sources")
        done = _version(work, asked)
        folder = book.path / FOLDER / f"v{work.number}"
        arm = Arm(book.champion, plan(book.champion, done.ref, allow=asked.allow))
        proposal = _proposal(work, asked, done, arm)
        known = _verdict(folder, proposal)
        if known is None:
            known = _judged(work, proposal, (arm, done.ref), progress or Silent())
            write_whole(folder / VERDICT, json.dumps(known.data() | {"seeds_used": proposal.seeds}, indent=2) + "\n")
            _log(book, proposal, known)
        return Retrained(proposal, known, folder, _started(book, known))


@contextmanager
def _alone(book: Book) -> Iterator[None]:
    (book.path / FOLDER).mkdir(exist_ok=True)
    with held(book.path / FOLDER / ".lock", BookError("retrain.busy", key=str(book.path))):
        yield


def _share(book: Book) -> float:
    return book.file.retrain.test_share


def _work(book: Book, asked: Asked, sources: Path) -> _Work:
    """The version to be made: one that was begun with the same wish and has no verdict yet, else the next."""
    if not asked.new and not asked.from_log:
        raise DataError("retrain.no_rows", key="--new")
    live = live_run(book)
    number, base = in_force(book, live.plan.data)
    last = max(book.data_versions)
    if last > number and (begun := _begun(book, last, asked)) is not None:
        return _Work(book, live, base, last, *begun)
    files, unknown, number = list(asked.new), 0, last + 1
    if asked.from_log:
        path, unknown = log_file(book, base, sources / f"requests-v{number}.parquet")
        files += [path] if path else []
    if not files:
        raise DataError("retrain.no_labels", key=str(request_log(book).name), value=unknown)
    same = merge_id(base, files, _share(book))
    for version, ref in book.data_versions.items():
        if ref.stats.get("merged", {}).get("id") == same:
            number = version
    return _Work(book, live, base, number, tuple(files), unknown)


def _begun(book: Book, version: int, asked: Asked) -> tuple[tuple[Path, ...], int] | None:
    """The files of a version whose verdict is still to come, where the same was asked for."""
    folder = book.path / FOLDER / f"v{version}"
    if (folder / VERDICT).is_file() or not (folder / ASKED).is_file():
        return None
    found = read_object(folder / ASKED, "wish", "files", "unknown")
    if found["wish"] != _wish(asked):
        return None
    return tuple(Path(name) for name in found["files"]), int(found["unknown"])


def _wish(asked: Asked) -> dict[str, Any]:
    return {"new": [str(path.absolute()) for path in asked.new], "from_log": asked.from_log}


def _there(work: _Work) -> Merged | None:
    ref = work.book.data_versions.get(work.number)
    return None if ref is None else read_merged(ref)


def _version(work: _Work, asked: Asked) -> Merged:
    """The merged rows, made whole or not at all."""
    if (there := _there(work)) is not None:
        return there
    from tunebook.report.rows import write_data_report

    path = work.book.path / data_name(work.number)
    busy = BookError("retrain.busy", key=str(path))
    with folder_of(path, used=busy, busy=busy) as part:
        done = merge(work.base, work.files, part, work.number, test=_share(work.book))
        _enough(work.book, done)
        write_data_report(part / "report.html", done.ref, work.book.path.resolve().name)
    told = {"wish": _wish(asked), "files": [str(file.absolute()) for file in work.files], "unknown": work.unknown}
    write_whole(work.book.path / FOLDER / f"v{work.number}" / ASKED, json.dumps(told, indent=2) + "\n")
    return replace(done, ref=done.ref.model_copy(update={"path": path}))


def _enough(book: Book, done: Merged) -> None:
    least = book.file.retrain.least
    if done.rows["test"] < least:
        new = sum(done.rows.values())
        needed = round(least / _share(book))
        raise RefusedError("retrain.few", key=str(new), value=done.rows["test"], allowed=f">= {least}", needed=needed)


def _proposal(work: _Work, asked: Asked, done: Merged, arm: Arm) -> Proposal:
    seeds = asked_seeds(work.book.file.gate, asked.seeds)
    seconds = expected_seconds(work.book.path / "runs", arm, seeds)
    base, _ = in_force(work.book, work.base.content)
    return Proposal(
        work.number, base, done.rows, done.dropped, work.base.rows["test"], work.live.id, arm.table.version, seeds,
        seconds, work.unknown,
    )  # fmt: skip


def _judged(work: _Work, proposal: Proposal, arm: tuple[Arm, DataRef], progress: Progress) -> Judgement:
    """Train every seed that is missing, and judge."""
    book, results = work.book, list[Result]()
    progress.start("retrain", len(proposal.seeds))
    for seed in proposal.seeds:
        results.append(trained(book.path / "runs", arm[0].plan(seed), progress))
        progress.advance(1)
    progress.finish()
    gate = book.file.gate
    rule = gate.model_copy(update={"metric": metric_of(gate, arm[0].base)})
    return judge(arm[1], work.live, results, rule, book.file.retrain.most_loss, progress)


def _verdict(folder: Path, proposal: Proposal) -> Judgement | None:
    """The verdict that there is, of the same live run and seeds."""
    if not (folder / VERDICT).is_file():
        return None
    found = read_object(folder / VERDICT, "verdict", "old", "new", "seeds_used", "live")
    if (found.pop("seeds_used"), found["live"]) != (proposal.seeds, proposal.live):
        return None
    sides = {
        name: OnRows(**{key: value for key, value in found[name].items() if key != "ok"}) for name in ("old", "new")
    }
    return Judgement(**{**found, **sides})


def _started(book: Book, judgement: Judgement) -> bool:
    """Begin a rollout, where it is proven and the book lets a machine do so and none is on."""
    if judgement.verdict != "PROMOTE" or book.file.retrain.promotes != "machine":
        return False
    now = state(book)
    if judgement.challenger in (now.candidate, now.live):
        return judgement.challenger != now.live
    if now.live is None or now.candidate is not None:  # nothing is served, or another one is on its way
        return False
    start(book, judgement.challenger, reason=f"retrained: {judgement.verdict}")
    return True


def _log(book: Book, proposal: Proposal, judgement: Judgement) -> None:
    """One entry a verdict: a rollout looks here for the proof of its candidate."""
    evidence = {"event": "verdict", "data": proposal.version, "rows": proposal.rows, **judgement.data()}
    told = {
        name: amount(side.gain, judgement.metric) for name, side in (("old", judgement.old), ("new", judgement.new))
    }
    reason = localized("retrain.reason", version=f"v{proposal.version}", verdict=judgement.verdict, **told)
    book.log.append("retrain", reason=reason, table=proposal.table, evidence=evidence)


__all__ = ["Asked", "Proposal", "Retrained", "propose", "retrain"]
