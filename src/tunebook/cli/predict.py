"""tunebook predict: answers for texts, or for the rows of a file."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tunebook.cli.answer import Answer, command, grid, note
from tunebook.cli.bars import Bars
from tunebook.cli.options import Books, Form, RunName, option
from tunebook.cli.reading import data_options
from tunebook.core.errors import TunebookError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.runs import Run

_SHOWN, _CUT = 20, 70


@dataclass(frozen=True)
class Asked:
    """What is to be answered, and where the answers go."""

    pair: Annotated[list[str] | None, option("pair", "--pair", metavar="TEXT")] = None
    file: Annotated[Path | None, option("file", "--file", metavar="FILE")] = None
    out: Annotated[Path | None, option("out", "--out", metavar="FILE")] = None
    text: Annotated[str | None, option("text", "--text", metavar="COL")] = None
    text_pair: Annotated[str | None, option("text_pair", "--text-pair", metavar="COL")] = None


def predict(
    book: Books,
    asked: Asked,
    form: Form,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help=say("cli.opt.texts"))] = None,
    run: RunName = "latest",
) -> Answer:
    """Answer texts or the rows of a file."""
    from tunebook.cli.save import check_out, save
    from tunebook.verbs.book import open_book

    found = open_book(book).run(run)
    if bool(texts) == bool(asked.file):
        raise TunebookError("cli.predict_what", key="TEXT | --file")
    if asked.out is not None:
        check_out(asked.out)
    note(say("cli.predict.loading"))
    with Bars() as bars:
        rows = _of_file(found, asked, form, bars) if asked.file else _of_texts(found, texts or [], asked.pair, bars)
    if asked.out is None:
        more = (command("predict", book, "--file", asked.file, "--out", "answers.csv"),) if asked.file else ()
        return Answer(rows, lambda screen: tell_answers(screen, rows), more, lines=True)
    save(rows, asked.out)
    done = say("cli.predict.saved", rows=len(rows), path=asked.out)
    data = {"out": str(asked.out), "rows": len(rows), "run": found.id}
    return Answer(data, lambda screen: screen.print(f"✓ {done}", style="green", soft_wrap=True))


def _of_file(run: Run, asked: Asked, form: Form, bars: Bars) -> list[dict[str, Any]]:
    from tunebook.verbs.predict import predict_file

    assert asked.file is not None
    return predict_file(run, asked.file, data_options(form, asked), progress=bars)


def _of_texts(run: Run, texts: list[str], pairs: list[str] | None, bars: Bars) -> list[dict[str, Any]]:
    from tunebook.verbs.predict import predict as answer

    if texts == ["-"]:
        texts = [line.rstrip("\r\n") for line in sys.stdin if line.strip()]
    if pairs and len(pairs) != len(texts):
        raise TunebookError("cli.pairs", key="--pair", value=len(pairs), texts=len(texts))
    answers = answer(run, texts, pairs, progress=bars)
    second = [{"pair": pair} for pair in pairs] if pairs else [{}] * len(texts)
    return [{"text": text, **other, **item} for text, other, item in zip(texts, second, answers, strict=True)]


def tell_answers(screen: Console, rows: list[dict[str, Any]]) -> None:
    """The first rows: text, label and, where they say more than the label does, score and what came next."""
    width = max((_columns(row) for row in rows), default=4)
    headings = (say("cli.text"), say("cli.label"), say("cli.score"), say("cli.runner_up"))
    lines = [_line(row)[:width] for row in rows[:_SHOWN]]
    screen.print(grid(headings[:width], lines, right=(1,) if width == 2 else (2,)))
    if len(rows) > _SHOWN:
        screen.print(say("cli.predict.more", shown=_SHOWN, rows=len(rows)), style="dim")


def _answer(row: dict[str, Any], name: str) -> Any:
    return row.get(f"predicted_{name}", row[name]) if name in row else row[f"predicted_{name}"]


def _columns(row: dict[str, Any]) -> int:
    """Text and label of a number; the score too of an ordered class; what came next only where classes have scores."""
    return 2 if isinstance(_answer(row, "label"), float) else 4 if _answer(row, "scores") else 3


def _line(row: dict[str, Any]) -> tuple[str, str, str, str]:
    label, scores = _answer(row, "label"), _answer(row, "scores")
    others = sorted((item for item in scores.items() if item[0] != label), key=lambda item: -item[1])
    text = next((str(value) for value in row.values() if isinstance(value, str) and value), "")
    if "text" in row:
        text = str(row["text"])
    words = ", ".join(label) if isinstance(label, list) else f"{label:.4g}" if isinstance(label, float) else str(label)
    score = _answer(row, "score")
    beside = f"{others[0][0]} {others[0][1]:.3f}" if others and not isinstance(label, list) else ""
    return (text if len(text) <= _CUT else text[: _CUT - 1] + "…", words, f"{score:.3f}", beside)


__all__ = ["Asked", "predict", "tell_answers"]
