"""A lesson: an entry of a book's log with the circumstances in which it holds, for other books to learn from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from tunebook.core.errors import DataError
from tunebook.core.files import content_id, text_lines
from tunebook.core.localized import STORED, Text, in_all_languages
from tunebook.core.nouns import Record
from tunebook.core.verdict import RowEffect

_PLAIN = re.compile(r"[A-Za-z0-9_.+-]{1,40}|#[0-9a-f]{8}")
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_MODEL = re.compile(rf"(builtin:|modelscope:)?{_NAME}(/{_NAME})?")
_HIDDEN = {"book", "reason"}
_SIZES = ((1_000, "small", "小"), (20_000, "medium", "中"), (float("inf"), "large", "大"))
_REFUSED = "refused by test rows 测试样本否决"
_LANGUAGES = {"zh": "chinese 中文", "en": "english 英文", "mixed": "mixed 混合", "other": "other 其他"}
_LONGEST = 1 << 20  # characters of a line


class SecondProof(Record):
    """What the locked test rows said of a promotion: scores of both tables, the gain with its interval at one-sided
    `alpha`, the rows and the fresh seeds."""

    metric: str
    a: float
    b: float
    gain: float
    lower: float
    upper: float
    alpha: float
    n: int
    seeds: int


class Lesson(Record):
    """What one entry says, and where.

    Attributes:
        key: from the hash of the log's entry: the same on every machine, also of a copied book.
        test: id of the test; several looks of one test share it.
        book, reason: stay on the machine unless they are asked for; a book's name always does.
        group: hash of the rows: tests on the same rows are no independent evidence.
        rows: of the training split; `classes` 0 for numbers.
        local: the model is a folder of the machine, whose name tells nothing elsewhere.
        techniques: keys of those that the table switches on.
        changed: rows that differ, as `{"row", "from", "to"}`.
        gain, lower, upper: of B over A in `metric`, with the ends of an interval of which either is missed with
            probability `alpha`; `se` its standard error and `df` its degrees of freedom, None in older lessons.
        effects: what single rows were worth, where the test found out.
        test_scores: of a promotion, or of one that the test rows refused (action `open`): what they said.
    """

    key: str
    action: str
    date: str
    test: str = ""
    book: str = ""
    group: str = ""
    task: str = ""
    problem: str = ""
    language: str = ""
    rows: int = 0
    classes: int = 0
    model: str = ""
    local: bool = False
    parameters: int | None = None
    techniques: list[str] = Field(default_factory=list)
    version: int | None = None
    against: int | None = None
    changed: list[dict[str, Any]] = Field(default_factory=list)
    metric: str = ""
    gain: float | None = None
    lower: float | None = None
    upper: float | None = None
    alpha: float | None = None
    se: float | None = None
    df: float | None = None
    verdict: str = ""
    seeds: int | None = None
    effects: list[RowEffect] = Field(default_factory=list)
    test_scores: SecondProof | None = None
    forced: bool = False
    reason: Text = ""

    @property
    def model_size(self) -> str:
        """Parameters of the base model in millions, `22M`; empty where nobody has counted them."""
        return f"{self.parameters / 1e6:.0f}M" if self.parameters else ""

    @property
    def text(self) -> str:
        """Everything that a search in words may find, in both languages."""
        size = next(f"{en} {zh}" for most, en, zh in _SIZES if self.rows < most)
        rows = [f"{item['row']} {item['from']} {item['to']}" for item in self.changed]
        words = [
            self.action,
            _REFUSED if self.action == "open" else "",
            self.task,
            self.task.replace("_", " "),
            self.problem,
            self.problem.replace("_", " "),
        ]
        words += [
            _LANGUAGES.get(self.language, self.language),
            size,
            self.model,
            self.model_size,
            *self.techniques,
            *rows,
            self.metric,
        ]
        kind = ["文本分类" if self.task == "text_classification" else "", "分类" if self.classes else "数值"]
        return " ".join(filter(None, [*words, *kind, self.verdict, self.book, in_all_languages(self.reason)]))


def anonymous(lesson: Lesson, *, with_reasons: bool = False) -> Lesson:
    """A lesson without what belongs to its owner: no name of a book, no path, no free text.

    A model keeps its name only if it may be one of a hub; another is `local`. The same holds for rows that were
    changed: numbers, switches and plain words stay, anything else becomes a hash.
    """
    hidden: dict[str, Any] = dict.fromkeys(_HIDDEN - ({"reason"} if with_reasons else set()), "")
    changed = [
        {"row": item["row"], "from": _harmless(item, "from", lesson), "to": _harmless(item, "to", lesson)}
        for item in lesson.changed
    ]
    return lesson.model_copy(update={**hidden, "model": _model(lesson.model, lesson), "changed": changed})


def _harmless(item: dict[str, Any], side: str, lesson: Lesson) -> Any:
    value = item[side]
    if item["row"] == "base_model":
        return _model(str(value), lesson)
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return f"#{content_id(value, 8)}"
    return [_harmless({**item, side: part}, side, lesson) for part in value] if isinstance(value, list) else value


def _model(name: str, lesson: Lesson) -> str:
    own = lesson.local and name == lesson.model
    return "local" if own or not _MODEL.fullmatch(name) else name


def told_last(lessons: Iterable[Lesson]) -> list[Lesson]:
    """The lessons in their order, but of each test only what it told last; of equals the last in the list.

    A test is logged again, often on the same day, when it knows what its rows are worth.
    """
    found = list(lessons)
    last: dict[tuple[str, str], Lesson] = {}
    for lesson in (item for item in found if item.action == "test"):
        known = last.setdefault((lesson.group, lesson.test or lesson.key), lesson)
        if (lesson.date, len(lesson.effects)) >= (known.date, len(known.effects)):
            last[lesson.group, lesson.test or lesson.key] = lesson
    kept = {lesson.key for lesson in last.values()}
    return [lesson for lesson in found if lesson.action != "test" or lesson.key in kept]


def to_lines(lessons: Iterable[Lesson], *, with_reasons: bool = False) -> str:
    """Anonymised lessons, one a line."""
    return "".join(
        f"{anonymous(item, with_reasons=with_reasons).model_dump_json(context=STORED)}\n" for item in lessons
    )


def from_lines(path: Path) -> Iterator[Lesson]:
    """The lessons of a file.

    Raises:
        DataError: `index.file`, it cannot be read; `index.line` with the number of a line that holds no lesson.
    """
    try:
        lines = text_lines(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("index.file", key=str(path), reason=str(error)) from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            if len(line) > _LONGEST:
                raise ValueError
            yield anonymous(Lesson.model_validate_json(line), with_reasons=True)
        except (ValueError, ValidationError, KeyError) as error:
            raise DataError("index.line", key=str(path), number=number, value=line) from error


__all__ = ["Lesson", "SecondProof", "anonymous", "from_lines", "to_lines", "told_last"]
