"""Files of rows on which a new table must not do worse: those that a test is asked for, and those of the gate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tunebook.core.errors import PlanError
from tunebook.core.files import file_id
from tunebook.core.nouns import Record
from tunebook.core.verdict import Gate
from tunebook.verbs.steps.challenge_sets import read_set, set_folder

_MARGIN = 0.02


class Challenge(Record):
    """A file of rows on which B must not do worse by more than a margin."""

    path: Path
    hash: str
    margin: float


def all_challenges(book: Path, gate: Gate, given: Sequence[str | Path]) -> list[Challenge]:
    """The files that are asked for, and those of the gate's frozen sets; a file that is both has the smaller margin.

    Raises:
        PlanError: `ab.challenge`, `ab.challenge_set`, `ab.challenge_changed`.
    """
    found: dict[str, Challenge] = {}
    for name in gate.challenges:
        folder = set_folder(book, name).resolve()
        frozen = [
            Challenge(path=folder / one.file, hash=one.hash, margin=one.margin) for one in read_set(book, name).files
        ]
        found |= {one.hash: one for one in frozen}
    for asked in map(_challenge, given):
        if asked.hash not in found or asked.margin < found[asked.hash].margin:
            found[asked.hash] = asked
    return list(found.values())


def _challenge(given: str | Path) -> Challenge:
    """A file, with the margin that may stand behind its name."""
    text, sign, margin = str(given).rpartition("=")
    path = Path(text) if sign and not Path(str(given)).exists() else Path(str(given))
    try:
        own = float(margin) if sign and path == Path(text) else _MARGIN
        return Challenge(path=path.resolve(), hash=file_id(path), margin=own)
    except (OSError, ValueError) as error:
        raise PlanError("ab.challenge", key="challenge", value=str(given), reason=str(error)) from error


__all__ = ["Challenge", "all_challenges"]
