"""What a list says of each run: read from its files, and again only when one of these has changed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tunebook import __version__
from tunebook.core.errors import TunebookError
from tunebook.core.files import content_id
from tunebook.core.locations import CALIBRATION
from tunebook.verbs.steps.book import keep, recalled
from tunebook.verbs.steps.runs import Run

FACTS = ("failure", "table", "near", "changed", "seed", "metric", "split", "value", "interval", "cuts", "seconds")
_FILES = ("plan.json", "report.json", "outcome.json", "failed.json", f"model/{CALIBRATION}")
_KEPT = f"runs-{content_id([__version__, *FACTS])}"


def facts_of(runs: Sequence[Run], book: Path) -> list[dict[str, Any] | TunebookError]:
    """The facts of each of these runs of a book, named as in `FACTS`, or what is wrong with its files.

    Of values that are no version, `table` is None, `near` the version that has the fewest other ones, of those that
    there were when the run was begun, and `changed` says which these are.

    What is right is kept in the cache of the book with size and time of each file, and how many versions there were, so
    that a book of hundreds of runs is listed without reading them all.
    """
    before: dict[str, Any] = recalled(book, _KEPT) or {}
    versions = len(list((book / "tables").glob("*.json")))  # a new one may hold just these values
    now: dict[str, Any] = {}
    found: list[dict[str, Any] | TunebookError] = []
    for run in runs:
        stamp = [*(_stamp(run.path / name) for name in _FILES), versions]
        known = before.get(run.id)
        try:
            facts = known["facts"] if known and known["stamp"] == stamp else _read(run)
        except TunebookError as error:
            found.append(error)
            continue
        found.append(facts)
        now[run.id] = {"stamp": stamp, "facts": facts}
    if any(before.get(name) != entry for name, entry in now.items()):
        others = {name: entry for name, entry in before.items() if (book / "runs" / name).is_dir()}
        keep(book, _KEPT, others | now)
    return found


def _stamp(path: Path) -> list[int] | None:
    """Size and time of a file; None where there is none."""
    try:
        seen = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return [seen.st_size, seen.st_mtime_ns]


def _read(run: Run) -> dict[str, Any]:
    from tunebook.verbs.steps.calibration import cuts_in_force  # brings numpy, which a list that is kept does without
    from tunebook.verbs.steps.nearest import nearest

    plan, report = run.plan, run.report
    near, changed = nearest(run.book, plan.values, run.begun_utc) if plan.values else (None, {})
    interval = report.intervals.get(report.headline) if report else None
    return {
        "failure": run.failure.get("code"),
        "table": f"v{plan.table_version}" if plan.table_version else None,
        "near": near,
        "changed": changed,
        "seed": plan.seed,
        "metric": report.headline if report else None,
        "split": report.split if report else None,
        "value": report.metrics.get(report.headline) if report else None,
        "interval": [interval.low, interval.high] if interval else None,
        "cuts": cuts_in_force(run) is not None,
        "seconds": run.outcome.get("seconds"),
    }


__all__ = ["FACTS", "facts_of"]
