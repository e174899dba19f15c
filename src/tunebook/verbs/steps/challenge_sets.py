"""Challenge sets that a book has frozen: files of labelled rows by capability, which its gate may hold tests to."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.errors import PlanError
from tunebook.core.files import file_id
from tunebook.core.nouns import Record, read_json

FOLDER, FILE = "challenges", "set.json"


class FrozenRows(Record):
    """The rows of a capability.

    Attributes:
        file: name in the folder of the set; hash: of its bytes; margin: by which a new table may do worse on them.
    """

    capability: str
    file: str
    hash: str
    rows: int
    margin: float


class ChallengeSet(Record):
    """A set as it was frozen.

    Attributes:
        run: by which it was seen; content: hash of the book's rows that were changed, of the split, with the seed.
    """

    name: str
    created: str
    run: str
    split: str
    content: str
    seed: int
    files: list[FrozenRows]


def set_folder(book: Path, name: str) -> Path:
    """Where a book keeps a set."""
    return book / FOLDER / name


def read_set(book: Path, name: str) -> ChallengeSet:
    """A set of a book, every file of which is what was frozen.

    Raises:
        PlanError: `ab.challenge_set`, there is none of this name; `ab.challenge_changed`, a file is another one now.
        BookError: its list is damaged.
    """
    folder = set_folder(book, name)
    if not (folder / FILE).is_file():
        known = sorted(path.parent.name for path in (book / FOLDER).glob(f"*/{FILE}"))
        raise PlanError("ab.challenge_set", key="[gate] challenges", value=name, allowed=" | ".join(known))
    found: ChallengeSet = read_json(ChallengeSet, folder / FILE)
    for one in found.files:
        try:
            same = file_id(folder / one.file) == one.hash
        except OSError:
            same = False
        if not same:
            raise PlanError("ab.challenge_changed", key=str(folder / one.file), value=one.capability)
    return found


__all__ = ["FILE", "FOLDER", "ChallengeSet", "FrozenRows", "read_set", "set_folder"]
