"""Answers on a screen, and in files that other programs read: CSV, TSV, JSON lines, XLSX or Parquet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import grid, json_line
from tunebook.cli.layout import GAP
from tunebook.cli.options import wrong
from tunebook.core.errors import TunebookError
from tunebook.core.files import write_whole
from tunebook.core.hooks import Writer
from tunebook.core.messages import columns_of, cut, has_words, say
from tunebook.core.sections import Brief

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import Labels
    from tunebook.core.task import Task


Row = dict[str, Any]
_SHOWN, _TEXT, _LEAST = 20, 70, 24
Rows = list[dict[str, Any]]
_Form = Callable[[Rows, frozenset[str]], bytes]
_RISKY = re.compile(r"[=+\-@＝＋－＠\t\r]")


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
    own = f"heading.{next(iter(task.blank(labels)))}"
    said = own if has_words(own) else "cli.label"
    headings = {"number": "predict.line", "texts": "cli.text", "label": said, "score": "cli.score"}
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
    rejected = {"rejected", "unsure"} & set(notes) and not next(iter(answer.values()))
    unsure = f" ({say('predict.unsure')})" if "unsure" in notes else ""
    label = f"({say('predict.rejected')})" if rejected else f"{brief.label}{unsure}"
    return _Line(number, texts, label, brief.score, brief.beside)


def check_out(path: Path, writers: Mapping[str, Writer], asked: str | None = None) -> Writer | None:
    """Refuse a file that cannot be written, before any work is done.

    Args:
        writers: formats of the task; asked: the name of one, where the file's ending does not say it.

    Returns:
        The task's format; None for a table.

    Raises:
        TunebookError: `cli.out_exists`, nothing is overwritten; `cli.out_folder`; `cli.option` for another ending, or
            a format that the task has not.
    """
    by_suffix = {writer.suffix: writer for writer in writers.values() if writer.suffix}
    suffix = path.suffix.lower()
    if asked is not None and asked not in writers:
        raise wrong("--as", asked, " | ".join(writers) or "–")
    writer = writers[asked] if asked is not None else by_suffix.get(suffix)
    if writer is None and suffix not in _FORMS:
        folders = [f"FOLDER --as {name}" for name, form in writers.items() if not form.suffix]
        raise wrong("--out", str(path), " | ".join([*_FORMS, *by_suffix, *folders]))
    if path.exists():
        raise TunebookError("cli.out_exists", key="--out", value=str(path))
    if not path.resolve().parent.is_dir():
        raise TunebookError("cli.out_folder", key="--out", value=str(path.parent))
    return writer


def save(rows: Rows, path: Path, records: frozenset[str] = frozenset()) -> None:
    """Write rows into a new file whose ending says the form.

    CSV, TSV and XLSX get a column `score LABEL` for each class in place of the nested scores.

    Args:
        records: columns that hold lists of records, which an empty list alone does not say.

    Raises:
        TunebookError: `cli.out_exists` where the file has come into being meanwhile.
        MachineError: it cannot be written.
    """
    from tunebook.tables.files import publish

    try:
        publish(path, _FORMS[path.suffix.lower()](rows, records))
    except FileExistsError as error:
        raise TunebookError("cli.out_exists", key="--out", value=str(path)) from error


def save_files(files: Mapping[str, str], path: Path, writer: Writer) -> None:
    """Write what a format of a task made into a new file, or into a new folder of files.

    Raises:
        TunebookError: `cli.out_exists`. MachineError: it cannot be written.
    """
    from tunebook.tables.files import publish

    try:
        if writer.suffix:
            publish(path, "".join(files.values()).encode())
            return
        path.mkdir()
        for name, text in files.items():
            write_whole(path / name, text)
    except FileExistsError as error:
        raise TunebookError("cli.out_exists", key="--out", value=str(path)) from error


def flat(rows: Rows, records: frozenset[str] = frozenset()) -> tuple[list[str], list[list[Any]]]:
    """Column names and cells: the scores of the classes in columns of their own, lists joined by ` | `, records as
    JSON."""
    wide, of_records = [], records.union(name for row in rows for name, value in row.items() if _has_records(value))
    for row in rows:
        cells: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, dict):
                cells |= {f"{name.removesuffix('s')} {label}": number for label, number in value.items()}
            else:
                cells[name] = _joined(value, name in of_records) if isinstance(value, list) else value
        wide.append(cells)
    names = list(dict.fromkeys(name for row in wide for name in row))
    return names, [[row.get(name) for name in names] for row in wide]


def _has_records(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _joined(values: list[Any], records: bool) -> str:
    return json_line(values) if records else " | ".join(map(str, values))


def _separated(delimiter: str) -> _Form:
    """UTF-8 with a byte order mark, without which Excel garbles Chinese; no cell that a spreadsheet would run."""

    def write(rows: Rows, records: frozenset[str]) -> bytes:
        stream = io.StringIO(newline="")
        names, lines = flat(rows, records)
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([_harmless(cell) for cell in line] for line in [names, *lines])
        return stream.getvalue().encode("utf-8-sig")

    return write


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and _RISKY.match(cell) else cell


def _json_lines(rows: Rows, records: frozenset[str]) -> bytes:
    return "".join(json_line(row) + "\n" for row in rows).encode()


def _workbook(rows: Rows, records: frozenset[str]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    names, lines = flat(rows, records)
    book = Workbook()
    sheet = book.active
    for number, line in enumerate([names, *lines], 1):
        for place, value in enumerate(line, 1):
            plain = isinstance(value, int | float | str) or value is None
            value = value if plain else str(value)
            if isinstance(value, str):
                value = ILLEGAL_CHARACTERS_RE.sub("", value)[:32767]
            cell = sheet.cell(number, place, value)
            if isinstance(value, str):
                cell.data_type = "s"
                cell.quotePrefix = bool(_RISKY.match(value))  # so that it stays a text when it is edited
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _parquet(rows: Rows, records: frozenset[str]) -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    names, lines = flat(rows, records)
    columns = {name: [line[place] for line in lines] for place, name in enumerate(names)}
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


_FORMS: dict[str, _Form] = {
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".jsonl": _json_lines,
    ".xlsx": _workbook,
    ".parquet": _parquet,
}


__all__ = ["answer_in", "check_out", "flat", "save", "save_files", "tell_answers"]
