"""Where the rows, the models and the runs that a plan names are: found from the run, wherever its book stands now.

A plan on disk says `../../data` of what lies in the run's own book, and the whole path of what lies elsewhere. Plans of
older versions name places as they were seen by the command that made them; of these the part inside the book counts.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tunebook.core.nouns import Plan

PLAN = "plan.json"
BOOK_FILE = "book.toml"
PASSAGES = "passages.parquet"  # beside prepared rows that judge some
AUTO, LATEST, CHAMPION = "auto", "latest", "champion"  # runs of a book, by what they are to it
THRESHOLD = "threshold.json"  # in a folder of a model, beside what decides its answers
CALIBRATION = "calibration.json"  # the same of its probabilities
_VERSION = re.compile(r"data(?:-v([1-9]\d*))?")
_PART = re.compile(r"data-part-[0-9a-f]{12}")
_MARKS = (BOOK_FILE, "data/split.json")
_DEPTH = 4  # BOOK/searches/SEARCH/runs/RUN
_TOPS = ("runs", "stages", "searches", "curves", "data")  # folders of a book in which there are runs and rows


def data_name(version: int) -> str:
    """The folder in a book that holds a version of its rows: `data` is the first."""
    return "data" if version == 1 else f"data-v{version}"


def data_version(name: str) -> int | None:
    """The version whose folder is called so; None for another folder."""
    found = _VERSION.fullmatch(name)
    return None if found is None else int(found[1] or 1)


def part_name(content: str) -> str:
    """The folder in a book that holds a part of its rows with this hash, while something is trained on it."""
    return f"data-part-{content[:12]}"


def home_of(run: Path) -> Path | None:
    """The folder of the book in which a run lies; None for one that was trained elsewhere."""
    above = list(run.absolute().parents)[:_DEPTH]
    return next((folder for folder in above if any((folder / mark).is_file() for mark in _MARKS)), None)


def read_plan(run: Path) -> Plan:
    """The plan in a run's folder, with every place as it is now.

    Raises:
        BookError: `file.missing`, `file.damaged`, `file.newer`.
    """
    from tunebook.core.nouns import Plan, read_json

    stored: Plan = read_json(Plan, run / PLAN)
    return _mapped(stored, _finder(stored, run.absolute(), home_of(run)))


def write_plan(plan: Plan, run: Path, *, final: Path | None = None) -> Path:
    """Write a plan into a run's folder; `final` is where that folder will be moved to."""
    from tunebook.core.nouns import write_json

    place = (final or run).absolute()
    home = home_of(place)

    def told(path: Path) -> Path:
        whole = path.absolute()
        inside = home is not None and whole.is_relative_to(home)
        return Path(os.path.relpath(whole, place)) if inside else whole

    return write_json(_mapped(plan, told), run / PLAN)


def from_book(name: str, book: Path) -> str:
    """A base model's name as it is used: a folder that is seen from the book, else from where the command runs, by its
    whole path, and any other name as it is."""
    if name.startswith("builtin:"):
        return name
    path = Path(name).expanduser()
    return next((str(place.absolute()) for place in (book / path, path) if place.is_dir()), name)


def _mapped(plan: Plan, place: Callable[[Path], Path]) -> Plan:
    """A plan, and those of the stages before it, whose places are told otherwise."""
    own = plan.model.startswith((".", os.sep)) or Path(plan.model).is_absolute()
    return plan.model_copy(
        update={
            "data_path": place(plan.data_path),
            "continues": None if plan.continues is None else place(plan.continues),
            "model": str(place(Path(plan.model))) if own else plan.model,
            "before": None if plan.before is None else _mapped(plan.before, place),
        }
    )


def _finder(stored: Plan, run: Path, home: Path | None) -> Callable[[Path], Path]:
    """Where something is that a plan on disk names."""
    was = stored.data_path.parent if stored.data_path.is_absolute() and not stored.stage else None

    def find(path: Path) -> Path:
        if home is not None and path == stored.data_path and not stored.stage:
            return home / (path.name if _VERSION.fullmatch(path.name) or _PART.fullmatch(path.name) else "data")
        return next((place for place in _candidates(path, run, home, was) if place.exists()), path)

    return find


def _candidates(path: Path, run: Path, home: Path | None, was: Path | None) -> Iterator[Path]:
    """Where a place may be now, the likeliest first: beside the run, at its old place in the book, where it was, and in
    a book that was moved together with the run's own."""
    if not path.is_absolute():
        yield Path(os.path.normpath(run / path))
    tops = [number for number, part in enumerate(path.parts[:-1]) if part in _TOPS]
    if home is not None:
        if was is not None and path.is_relative_to(was):
            yield home / path.relative_to(was)
        yield from (home.joinpath(*path.parts[number:]) for number in tops)
    yield path.absolute()
    if home is not None:
        ends = [number for number, part in enumerate(path.parts) if part in _TOPS and number]
        yield from (home.parent.joinpath(*path.parts[number - 1 :]) for number in ends)


__all__ = [
    "AUTO",
    "BOOK_FILE",
    "CALIBRATION",
    "CHAMPION",
    "LATEST",
    "PASSAGES",
    "PLAN",
    "THRESHOLD",
    "data_name",
    "data_version",
    "from_book",
    "home_of",
    "part_name",
    "read_plan",
    "write_plan",
]
