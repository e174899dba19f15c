"""How answers look on a screen: the label is always there, whatever the width and however long the texts are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import grid
from tunebook.cli.layout import GAP
from tunebook.core.messages import columns_of, cut, say
from tunebook.core.sections import Brief

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import Labels
    from tunebook.core.task import Task

Row = dict[str, Any]
_SHOWN, _TEXT, _LEAST = 20, 70, 24


@dataclass(frozen=True)
class _Line:
    """One answer in words."""

    number: str
    texts: tuple[str, ...]
    label: str
    score: str
    beside: str


def tell_answers(
    screen: Console,
    rows: Sequence[Row],
    task: Task,
    labels: Labels,
    names: Sequence[str] = ("text",),
    *,
    few: int | None = None,
) -> None:
    """The first rows: texts, label and, where they say more than the label does, score and what came next.

    Args:
        task, labels: of the run that answered.
        names: of the columns with text and second text.
        few: runners-up that are shown; None shows the next best, as far as there is one.
    """
    answers = [answer_in(row, task, labels) for row in rows[:_SHOWN]]
    lines = [_line(row, names, item, task.brief(item, few)) for row, item in zip(rows, answers, strict=False)]
    headings = {"number": "predict.line", "texts": "cli.text", "label": "cli.label", "score": "cli.score"}
    headings["beside"] = "cli.runner_up"
    parts = [name for name in headings if name in ("texts", "label") or any(getattr(line, name) for line in lines)]
    room = screen.width - sum(_widest(lines, name, headings[name]) + GAP for name in parts if name != "texts")
    if room >= min(_LEAST, _widest(lines, "texts", headings["texts"])):
        _table(screen, lines, {name: say(headings[name]) for name in parts}, min(room, _TEXT))
    else:
        _blocks(screen, lines)
    if len(rows) > _SHOWN:
        screen.print(say("cli.predict.more", shown=_SHOWN, rows=len(rows)), style="dim")


def answer_in(row: Row, task: Task, labels: Labels) -> Row:
    """What the task and its notes say, of a row that has further columns."""
    return {name: row.get(f"predicted_{name}", row.get(name)) for name in (*task.blank(labels), "notes")}


def _widest(lines: Sequence[_Line], name: str, heading: str) -> int:
    found = [getattr(line, name) for line in lines]
    flat = [part for item in found for part in ([item] if isinstance(item, str) else item)]
    return max(map(columns_of, [say(heading), *flat]))


def _table(screen: Console, lines: Sequence[_Line], headings: dict[str, str], room: int) -> None:
    def cell(line: _Line, name: str) -> str:
        return "\n".join(cut(text, room) for text in line.texts) if name == "texts" else str(getattr(line, name))

    places = list(headings)
    right = [places.index(name) for name in ("number", "score") if name in places]
    body = [[cell(line, name) for name in places] for line in lines]
    screen.print(grid(headings.values(), body, right=right, whole=range(len(places))))


def _blocks(screen: Console, lines: Sequence[_Line]) -> None:
    """Each text with its answer below it."""
    from rich.padding import Padding
    from rich.text import Text

    for line in lines:
        number = f"{line.number}. " if line.number else ""
        for place, text in enumerate(line.texts):
            screen.print(Text(f"{number if place == 0 else ''}{cut(text, _TEXT)}", overflow="fold"))
        more = f"  ({say('cli.runner_up')}: {line.beside})" if line.beside else ""
        answer = Text.assemble(("→ ", "dim"), (line.label, "bold"), f"  {line.score}".rstrip(), (more, "dim"))
        answer.overflow = "fold"
        screen.print(Padding(answer, (0, 0, 0, 2)))


def _line(row: Row, names: Sequence[str], answer: Row, brief: Brief) -> _Line:
    notes = answer["notes"] or ()
    texts = tuple(" ".join(str("" if row.get(name) is None else row[name]).split()) for name in names)
    number = str(row.get("line", ""))
    if "no_text" in notes:
        return _Line(number, texts, f"({say('predict.no_text')})", "", "")
    rejected = "rejected" in notes and not next(iter(answer.values()))
    return _Line(number, texts, f"({say('predict.rejected')})" if rejected else brief.label, brief.score, brief.beside)


__all__ = ["answer_in", "tell_answers"]
