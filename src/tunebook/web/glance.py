"""A book on one line: what is in force, what the last test said, whether the world has moved, what it has cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import TunebookError
from tunebook.verbs.steps.book import Book

if TYPE_CHECKING:
    from tunebook.core.verdict import Verdict


@dataclass(frozen=True)
class Glance:
    """What is known of a book at once.

    Attributes:
        name: in its address. fault: why it cannot be read; nothing else is then known.
        task, rows: what it learns, and from how many rows. champion: version of the table in force.
        score: facts of the newest run of the champion, of whatever seed, that was scored (`metric`, `value`,
            `interval`, `split`); None without one. other: of the newest run of other settings that has a score.
        begun: there is a run of the champion; trained: one has finished, scored or not. runs: how many there are.
        test: the verdict that was logged last. alarms: of drift that nobody has acknowledged. seconds: of all runs.
    """

    name: str
    path: Path
    fault: TunebookError | None = None
    task: str = ""
    rows: int = 0
    champion: int = 0
    score: dict[str, Any] | None = None
    other: dict[str, Any] | None = None
    begun: bool = False
    trained: bool = False
    runs: int = 0
    test: Verdict | None = None
    alarms: int = 0
    seconds: float = 0.0


def glance(name: str, path: Path) -> Glance:
    """A book at a glance; a broken one with what is wrong with it."""
    from tunebook.verbs.abtest.verdicts import newest_verdicts

    book = Book(path)
    try:
        task, champion, facts = book.file.task, book.champion.version, _facts(book)
        scored = [item for item in facts if item["value"] is not None]
        own = [item for item in facts if _of_table(item, f"v{champion}")]
        return Glance(
            name, path, None, task, sum(book.data.rows.values()), champion,
            next((item for item in own[::-1] if item["value"] is not None), None), scored[-1] if scored else None,
            bool(own), any(item["seconds"] is not None for item in own), len(facts),
            next(newest_verdicts(book), None), _alarms(path),
            sum(item["seconds"] or 0.0 for item in facts),
        )  # fmt: skip
    except TunebookError as error:
        return Glance(name, path, error)


def _facts(book: Book) -> list[dict[str, Any]]:
    from tunebook.verbs.steps.run_facts import facts_of

    return [item for item in facts_of(book.runs, book.path) if not isinstance(item, TunebookError)]


def _of_table(facts: dict[str, Any], table: str) -> bool:
    """Whether a run is one of this version; a seed of its own makes it no other table."""
    return table in (facts["table"], facts["near"]) and set(facts["changed"]) <= {"seed"}


def _alarms(path: Path) -> int:
    """Alarms of drift that are open."""
    from tunebook.watch.course import FILE, read_course
    from tunebook.watch.reference import folder_of

    if not (folder_of(path) / FILE).is_file():
        return 0
    return sum(not alarm.acknowledged and not alarm.over for alarm in read_course(folder_of(path)).alarms)


__all__ = ["Glance", "glance"]
