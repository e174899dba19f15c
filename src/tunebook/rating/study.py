"""A study: which answers of which runs people judge, by which questions; frozen before anybody judges."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, ValidationError

from tunebook.core.errors import BookError, DataError
from tunebook.core.files import stamp
from tunebook.core.folders import inside
from tunebook.core.locations import BOOK_FILE
from tunebook.core.messages import LANGUAGES, language, say, say_in
from tunebook.core.nouns import Record, Split, read_json

FOLDER, FILE = "ratings", "study.json"
PAIRS, SCORES = "pairs", "scores"
Kind = Literal["pairs", "scores"]
BUILT_IN = ("overall", "accuracy", "coherence", "usefulness", "safety")
_RIGHT_OR_WRONG = ("overall", "accuracy")  # what a class is, in two points
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,30}")


class Question(Record):
    """What raters are asked of an item.

    Attributes:
        words: language -> the sentence.
        points: of the scale of an answer by itself, 1 the worst.
    """

    key: str
    words: dict[str, str]
    points: int = Field(default=5, ge=2, le=10)

    @property
    def text(self) -> str:
        """The sentence in the reader's language, else in any."""
        return self.words.get(language()) or next(iter(self.words.values()), self.key)

    @property
    def right_or_wrong(self) -> bool:
        """Whether an answer by itself is right or wrong, and nothing between."""
        return self.points == 2 and self.key in _RIGHT_OR_WRONG


class RatedRun(Record):
    """A run whose answers are judged: its name, and the hashes of its table's values, its plan and its model."""

    run: str
    table: str
    plan: str
    model: str


class Item(Record):
    """What is judged at once.

    Attributes:
        key: its id; row: id of the row; text, pair: what the runs were asked.
        kind: `pairs`: two answers side by side; `scores`: one by itself.
        answers: two, or one; runs: numbers of the runs that gave each.
        slices: what results are told apart by, such as the language.
    """

    key: str
    row: str
    text: str
    pair: str | None = None
    kind: Kind
    answers: list[str]
    runs: list[list[int]]
    slices: dict[str, str] = Field(default_factory=dict)


class Differing(Record):
    """How many rows of a split two runs answer differently: only these say which is better."""

    a: int
    b: int
    differ: int
    rows: int


class Study(Record):
    """A study. Its id is the hash of all of this but the time, and names its folder.

    Attributes:
        content: hash of the book's rows; split: that the rows are of.
        raters: who may rate; empty for anybody, who then rates all items.
        overlap: share of the rows that all raters see, the first ones; the rest is shared out.
        items: row by row in the order in which the rows were drawn.
        groups: id of a row -> number of its group, where rows were drawn together; empty where each is by itself.
        effective: as many rows, drawn one by one, tell as much of each share of `differing`; empty: as many as there
            are.
    """

    outside: ClassVar[frozenset[str]] = frozenset({"created"})
    later: ClassVar[frozenset[str]] = frozenset({"groups", "effective"})

    task: str
    split: Split
    content: str
    runs: list[RatedRun]
    questions: list[Question]
    raters: list[str] = Field(default_factory=list)
    overlap: float = 1.0
    seed: int = 0
    differing: list[Differing] = Field(default_factory=list)
    items: list[Item]
    groups: dict[str, int] = Field(default_factory=dict)
    effective: list[float] = Field(default_factory=list)
    created: str = ""

    def item(self, name: str) -> Item:
        """The item of this id.

        Raises:
            DataError: `rate.item`.
        """
        found = next((item for item in self.items if item.key == name), None)
        if found is None:
            raise DataError("rate.item", key="item", value=name, study=self.id)
        return found

    def question(self, key: str) -> Question:
        """The question of this key.

        Raises:
            DataError: `rate.question`.
        """
        found = next((question for question in self.questions if question.key == key), None)
        if found is None:
            raise DataError("rate.question", key="question", value=key, allowed=" | ".join(self.keys))
        return found

    @property
    def keys(self) -> list[str]:
        """Keys of the questions in their order."""
        return [question.key for question in self.questions]

    def values(self, item: Item, question: Question) -> list[str]:
        """What may be said: 1 the left one, 2 the right one, 0 neither; or points."""
        if item.kind == PAIRS:
            return ["1", "2", "0"]
        return [str(point) for point in range(1, question.points + 1)]

    def meant(self, item: Item, question: Question) -> str:
        """What these values mean, in the reader's words."""
        if item.kind == PAIRS:
            return say("rate.means.pairs")
        return say("rate.means.two") if question.right_or_wrong else say("rate.ui.ends", points=question.points)


def questions_of(asked: str | Path, kind: str, *, classes: bool = False) -> list[Question]:
    """Questions from keys with commas between them, or from a TOML file of `[KEY]` with `en`, `zh` and `points`.

    Args:
        kind: `pairs`, `scores` or `both`; the words of a built-in question hang on it.
        classes: an answer is one class, which is right or wrong and nothing between.

    Raises:
        DataError: `rate.which_questions`.
    """
    if str(asked).endswith(".toml"):
        return _of_file(Path(asked))
    keys = [part.strip() for part in re.split("[,，、]", str(asked)) if part.strip()]
    unknown = [key for key in keys if key not in BUILT_IN]
    if unknown or not keys or len(set(keys)) < len(keys):
        allowed = " | ".join((*BUILT_IN, "FILE.toml"))
        raise DataError(
            "rate.which_questions", key="--questions", value=unknown[0] if unknown else str(asked), allowed=allowed
        )
    form = "score" if kind == SCORES else "pair"
    return [
        Question(
            key=key,
            words={name: say_in(name, f"rate.ask.{key}.{form}") for name in LANGUAGES},
            points=2 if classes and key in _RIGHT_OR_WRONG else 5,
        )
        for key in keys
    ]


def _of_file(path: Path) -> list[Question]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
        found = []
        for key, rows in told.items():
            if not _KEY.fullmatch(key) or not isinstance(rows, dict):
                raise ValueError(f"[{key}]")
            words = {name: str(rows.pop(name)) for name in LANGUAGES if str(rows.get(name, "")).strip()}
            if not words:
                raise ValueError(f"[{key}]: {' | '.join(LANGUAGES)}")
            found.append(Question(key=key, words=words, **rows))
        if not found:
            raise ValueError(path.name)
    except (OSError, ValueError, TypeError) as error:  # ValidationError is a ValueError
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        allowed = '[fluency] en = "..." zh = "..." points = 5'
        raise DataError("rate.questions_file", key=str(path), reason=reason, allowed=allowed) from error
    return found


def studies_in(book: Path) -> list[str]:
    """Ids of the studies of a book, oldest first."""
    folder = book / FOLDER
    found = [path for path in folder.iterdir() if (path / FILE).is_file()] if folder.is_dir() else []
    return [path.name for path in sorted(found, key=lambda path: (_created(path / FILE), path.name))]


def _created(path: Path) -> str:
    try:
        return str(_held(path, stamp(path))[0].created)
    except BookError:
        return ""


@lru_cache(maxsize=8)
def _held(path: Path, stamped: tuple[int, ...]) -> tuple[Study, str]:
    """A study and its id, read once as long as the file is the same. Raises as `read_json`."""
    study: Study = read_json(Study, path)
    return study, study.id


def read_study(folder: Path) -> Study:
    """The study in a folder.

    Raises:
        BookError: `rate.study_changed`, it is not what was frozen; and as `read_json`.
    """
    study, found = _held(folder / FILE, stamp(folder / FILE))
    if found != folder.name:
        raise BookError("rate.study_changed", key=str(folder / FILE), value=found)
    return study


def find_study(book: Path, name: str = "") -> Path:
    """The folder of a study by its id or the start of it; without a name the newest.

    Raises:
        BookError: `rate.no_study`, there is none, or not one of that name.
    """
    known = studies_in(book)
    found = [study for study in known if study.startswith(name)] if name else known[-1:]
    if len(found) != 1:
        allowed = " | ".join(known)
        raise BookError("rate.no_study", key="--study", value=name, allowed=allowed, book=book)
    return inside(book / FOLDER, found[0], said_by=book / BOOK_FILE)


__all__ = [
    "BUILT_IN", "FILE", "FOLDER", "PAIRS", "SCORES", "Differing", "Item", "Kind", "Question", "RatedRun",
    "Study", "find_study", "questions_of", "read_study", "studies_in",
]  # fmt: skip
