"""tunebook knowledge: what the logs of all books teach: search it, ask for a row, share it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, grid, prose
from tunebook.cli.options import argument, option, wrong
from tunebook.core.errors import TunebookError, near
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.knowledge.effects import Effect, RowTest
    from tunebook.knowledge.index import Question
    from tunebook.knowledge.lesson import Lesson

_RANGE = re.compile(r"(\d*)\s*[-–~]\s*(\d*)")
_MOST = 30
_NEARLY_ALL = 0.9  # of what a metric can move by: an interval as wide says nothing
Some = Annotated[list[Path], argument("books", "BOOK")]
Row = Annotated[str, argument("asked_row", "ROW")]
Words = Annotated[str, argument("words", "WORDS")]


@dataclass(frozen=True)
class Around:
    """In which circumstances."""

    task: Annotated[str, option("asked_task", "--task", metavar="NAME")] = ""
    language: Annotated[str, option("asked_language", "--language", metavar="zh|en")] = ""
    rows: Annotated[str, option("asked_rows", "--rows", metavar="100-2000")] = ""
    model: Annotated[str, option("asked_model", "--model", metavar="NAME")] = ""
    technique: Annotated[str, option("asked_technique", "--technique", metavar="NAME")] = ""
    text: Annotated[str, option("asked_text", "--text", metavar="TEXT")] = ""

    def question(self, **more: str) -> Question:
        """The same for the index."""
        from tunebook.knowledge.index import Question

        least, most = _range(self.rows)
        given = {name: getattr(self, name) for name in ("task", "language", "model", "technique", "text")}
        return Question(least=least, most=most, **{**given, **more})


def _range(text: str) -> tuple[int, int | None]:
    """Ends of `100-2000`, `100-`, `-2000`; a single number is both."""
    if not text.strip():
        return 0, None
    if text.strip().isdecimal():
        return int(text), int(text)
    found = _RANGE.fullmatch(text.replace(",", "").strip())
    if not found or not (found[1] or found[2]):
        raise wrong("--rows", text, "100-2000 | 100- | -2000")
    return int(found[1] or 0), int(found[2]) if found[2] else None


def knowledge_index(books: Some) -> Answer:
    """Read the logs of books into the knowledge base."""
    from tunebook.knowledge.index import Index
    from tunebook.verbs.learn import learn
    from tunebook.verbs.steps.book import open_book

    index = Index()
    new = sum(learn(open_book(path), index) for path in books)
    total = len(index.find())
    data = {"books": len(books), "new": new, "lessons": total, "path": str(index.path)}
    done = say("knowledge.indexed", new=new, books=len(books), all=total)
    return Answer(data, lambda screen: screen.print(f"✓ {done}", style="green"), (command("knowledge", "search"),))


def knowledge_search(
    around: Around, words: Words = "", row: Annotated[str, option("asked_row", "--row", metavar="ROW")] = ""
) -> Answer:
    """Lessons that answer a question."""
    from tunebook.knowledge.index import Index

    found = Index().find(around.question(words=words, row=row))
    data = {"lessons": [lesson.model_dump(mode="json") for lesson in found]}
    return Answer(data, lambda screen: _tell(screen, found))


def _tell(screen: Console, found: list[Lesson]) -> None:
    if not found:
        screen.print(say("knowledge.none"))
        return
    lines = [(item.date, _circumstances(item), _changes(item), _outcome(item), item.reason) for item in found[:_MOST]]
    heads = [say(f"knowledge.{name}") for name in ("date", "context", "changed", "outcome")]
    screen.print(grid([*heads, say("history.why")], lines))
    _tell_rest(screen, len(found))


def _tell_rest(screen: Console, count: int) -> None:
    """How many were not shown."""
    if count > _MOST:
        screen.print(say("knowledge.rest", count=f"{count - _MOST:,}"), style="dim")


def _circumstances(item: Lesson) -> str:
    from tunebook.core.formatting import phrase

    classes = say("knowledge.classes", classes=item.classes) if item.classes else phrase("problem", item.problem)
    book = item.book or say("knowledge.imported_book")
    parts = (
        book,
        item.language,
        say("knowledge.rows", rows=f"{item.rows:,}"),
        classes,
        item.model,
        item.model_size,
        *item.techniques,
    )
    return " · ".join(part for part in parts if part)


def _changes(item: Lesson) -> str:
    from tunebook.core.formatting import shown

    return "\n".join(f"{row['row']}: {shown(row['from'])} → {shown(row['to'])}" for row in item.changed)


def _outcome(item: Lesson) -> str:
    from tunebook.core.formatting import metric_name, phrase
    from tunebook.report.history import gain_text, second_proof

    second = second_proof(item.test_scores.model_dump()) if item.test_scores else ""
    gain = f"{metric_name(item.metric)} {gain_text(item.model_dump())}" if item.gain is not None else ""
    forced = say("log.forced") if item.forced else ""
    return "\n".join(part for part in (phrase("log.action", item.action), item.verdict, gain, second, forced) if part)


def knowledge_effects(around: Around, row: Row) -> Answer:
    """What changing a row did elsewhere."""
    from tunebook.knowledge.effects import pooled_effects, row_tests
    from tunebook.knowledge.index import Index
    from tunebook.tables.declared import aliases

    name = aliases().get(row, row)
    tests = row_tests(name, Index().find(around.question(action="test", row=name)))
    pooled = [_possible(effect) for effect in pooled_effects(tests)]
    data = {
        "row": name,
        "tests": [test.model_dump(mode="json") for test in tests],
        "pooled": [effect.model_dump(mode="json") for effect in pooled],
    }
    return Answer(data, lambda screen: _tell_effects(screen, name, tests, pooled))


def _tell_effects(screen: Console, row: str, tests: list[RowTest], pooled: list[Effect]) -> None:
    from tunebook.core.formatting import metric_name
    from tunebook.report.history import gain_text

    if not tests:
        screen.print(f"{say('knowledge.no_effects', row=row)} {_likest(row)}".rstrip())
        return
    heads = [say(f"knowledge.{name}") for name in ("date", "context", "changed", "outcome")]
    newest = [(test.lesson.date, _circumstances(test.lesson), *_told(test)) for test in tests[:_MOST]]
    screen.print(grid(heads, newest))
    _tell_rest(screen, len(tests))
    if not pooled:
        prose(screen, say("knowledge.all_mixed"))
    for effect in pooled:
        mean = effect.pooled
        ends = {"metric": effect.metric, "gain": mean.mean, "lower": mean.lower, "upper": mean.upper}
        direction = say("knowledge.direction_up") if effect.direction == "up" else effect.direction
        words = {
            "tests": effect.tests,
            "sets": mean.count,
            "better": effect.better,
            "metric": metric_name(effect.metric),
            "direction": direction,
        }
        screen.print()
        prose(screen, say("knowledge.pooled", gain=gain_text(ends), **words), "bold")
        if mean.tau is not None and mean.i2 is not None and mean.p_same is not None:
            figures = {"tau": _in_units(mean.tau, effect.metric, ""), "i2": f"{mean.i2:.0%}", "p": f"{mean.p_same:.2g}"}
            prose(screen, say("knowledge.spread", new=_elsewhere(effect), **figures))
        prose(screen, say(f"knowledge.sure.{effect.sure}"))


def _possible(effect: Effect) -> Effect:
    """The same, its ends no further out than the metric can move."""
    from tunebook.core.formatting import possible

    found = effect.pooled
    ends = {name: getattr(found, name) for name in ("mean", "lower", "upper", "new_lower", "new_upper")}
    cut = {name: None if value is None else possible(value, effect.metric) for name, value in ends.items()}
    return effect.model_copy(update={"pooled": found.model_copy(update=cut)})


def _elsewhere(effect: Effect) -> str:
    """Where the effect on another data set is to be expected, or that this cannot be told."""
    from tunebook.core.formatting import possible

    low, high = effect.pooled.new_lower, effect.pooled.new_upper
    if low is None or high is None:
        return say("knowledge.anything")
    ends = f"{_in_units(low, effect.metric)} … {_in_units(high, effect.metric)}"
    widest = possible(math.inf, effect.metric) - possible(-math.inf, effect.metric)
    return say("knowledge.cannot_tell", ends=ends) if high - low >= _NEARLY_ALL * widest else ends


def _in_units(value: float, metric: str, sign: str = "+") -> str:
    """A number in points of a share, else in the metric's own unit, as `gain_text` says it."""
    from tunebook.core.formatting import is_share

    return say("report.points", value=f"{value * 100:{sign}.1f}") if is_share(metric) else f"{value:{sign}.4f}"


def _likest(row: str) -> str:
    """What was meant by a row that there is not."""
    from tunebook.tables.declared import declared, techniques

    known = {**declared(), **techniques()}
    return "" if row in known else near(row, known)


def _told(test: RowTest) -> tuple[str, str]:
    from tunebook.core.formatting import metric_name, shown
    from tunebook.report.history import gain_text

    ratio = f" (×{test.ratio:.3g})" if test.ratio is not None else ""
    seeds = f" · {say('history.seeds')} {test.lesson.seeds}" if test.lesson.seeds else ""
    change = f"{shown(test.old)} → {shown(test.new)}{ratio}"
    if test.gain is None:
        return change, f"{test.lesson.verdict}{seeds}\n{say('knowledge.others', rows=', '.join(test.others))}"
    ends: dict[str, Any] = {"metric": test.lesson.metric, "gain": test.gain, "lower": test.lower, "upper": test.upper}
    return change, f"{test.lesson.verdict} · {metric_name(test.lesson.metric)} {gain_text(ends)}{seeds}"


def knowledge_export(
    file: Annotated[Path, argument("lessons_out", "FILE")],
    with_reasons: Annotated[bool, option("with_reasons", "--with-reasons")] = False,
) -> Answer:
    """Anonymised lessons into a file."""
    from tunebook.knowledge.index import Index
    from tunebook.knowledge.lesson import to_lines
    from tunebook.tables.files import publish

    found = Index().find()
    try:
        publish(file, to_lines(found, with_reasons=with_reasons).encode())
    except FileExistsError as error:
        raise TunebookError("cli.out_exists", key="FILE", value=str(file)) from error
    done = say("knowledge.exported", count=len(found), path=file)
    data = {"lessons": len(found), "path": str(file)}
    return Answer(data, lambda screen: screen.print(f"✓ {done}", style="green", soft_wrap=True))


def knowledge_import(
    files: Annotated[list[Path], argument("lessons_in", "FILE")],
) -> Answer:
    """Lessons of others."""
    from tunebook.knowledge.index import Index
    from tunebook.knowledge.lesson import from_lines

    found = [lesson for file in files for lesson in from_lines(file)]
    new = Index().add(found)
    done = say("knowledge.imported", new=new, count=len(found))
    return Answer({"lessons": len(found), "new": new}, lambda screen: screen.print(f"✓ {done}", style="green"))


__all__ = [
    "Around",
    "knowledge_effects",
    "knowledge_export",
    "knowledge_import",
    "knowledge_index",
    "knowledge_search",
]
