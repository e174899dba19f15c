"""tunebook explain: which parts of a text an answer hangs on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, prose, run_option, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, argument, listed, option
from tunebook.core.errors import TunebookError, shortened
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.explain.records import Explanation, Explanations, Faithful

_SHOWN, _PARTS = 5, 10
_TEXT = 200  # characters of a text that are told
_FAITHFUL = 100


@dataclass(frozen=True)
class Wanted:
    """What is explained, and how."""

    pair: Annotated[list[str] | None, option("explain_pair", "--pair", metavar="TEXT")] = None
    rows: Annotated[str | None, option("explain_rows", "--rows", metavar="ID,…")] = None
    errors: Annotated[int, option("explain_errors", "--errors", metavar="N")] = 0
    faithful: Annotated[int | None, option("explain_faithful", "--faithful", metavar="N")] = None
    method: Annotated[str, option("explain_method", "--method", metavar="NAME")] = "integrated_gradients"
    by: Annotated[str, option("explain_by", "--by", metavar="UNIT")] = "word"
    answer: Annotated[str | None, option("explain_answer", "--answer", metavar="LABEL")] = None
    split: Annotated[str, option("explain_split", "--split", metavar="SPLIT")] = "validation"
    png: Annotated[Path | None, option("explain_png", "--png", metavar="FILE")] = None

    def how(self, bars: Bars) -> Any:
        """As the verb takes it."""
        from tunebook.core.nouns import SPLITS

        if self.split not in SPLITS:
            raise TunebookError("cli.option", key="--split", value=self.split, allowed=" | ".join(SPLITS))
        found = {"method": self.method, "by": self.by, "answer": self.answer, "split": self.split, "png": self.png}
        return {**found, "progress": bars}


def explain(
    book: Books,
    wanted: Wanted,
    texts: Annotated[list[str] | None, argument("explain_texts", "TEXT")] = None,
    run: RunName = AUTO,
) -> Answer:
    """Show which parts of a text an answer hangs on."""
    from tunebook.verbs.explain import explain as look
    from tunebook.verbs.explain import faithful
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.moved import rows_moved

    opened = open_book(book)
    found = chosen_run(opened, run)
    with Bars() as bars:
        how = wanted.how(bars)
        if wanted.split == "test":
            note(say("explain.test_rows"), style="yellow")
        if wanted.faithful is not None:
            if texts or wanted.rows or wanted.errors:
                raise TunebookError("explain.what", key="TEXT | --rows | --errors | --faithful")
            made = faithful(found, wanted.faithful, **how)
        else:
            rows = None if wanted.rows is None else listed(wanted.rows)
            made = look(found, texts or None, wanted.pair, rows=rows, errors=wanted.errors, **how)
    moved = rows_moved(opened, found)
    go: tuple[str, ...] = (command("train", book),) if moved else ()
    if made.faithful is None:
        go += (command("explain", book, "--faithful", _FAITHFUL, *run_option(run)),)
    return Answer({**made.model_dump(mode="json"), "warnings": moved}, lambda screen: _tell(screen, made, moved), go)


def _tell(screen: Console, made: Explanations, moved: list[str]) -> None:
    from tunebook.report.explain import lacks_font

    warn(screen, moved)
    for item in made.items[:_SHOWN]:
        _tell_one(screen, item, made)
    if len(made.items) > _SHOWN:
        prose(screen, say("explain.more", count=len(made.items) - _SHOWN), "dim")
    if made.faithful is not None:
        _tell_faithful(screen, made.faithful, made.method if made.items else "")
    files = [(say("cli.report"), made.page)] if made.page else []
    screen.print(facts([*files, *([("PNG", made.png)] if made.png else [])]))
    if made.png is not None and lacks_font(made):
        warn(screen, [say("explain.no_font")])


def _tell_one(screen: Console, item: Explanation, made: Explanations) -> None:
    """Which row it is and what is right, its texts, and the strongest units."""
    from tunebook.explain.method import method_of
    from tunebook.report.explain import notes, strongest, title

    right = {None: "", True: "✓ ", False: "✗ "}[None if item.true is None else item.true == item.said]
    true = f" · {say('report.true')}: {item.true}" if right == "✗ " else ""
    prose(screen, f"{right}{f'{item.row} · ' if made.split else ''}{title(item)}{true}", "bold")
    for part in item.parts:
        prose(screen, shortened(" ".join(part.text.split()), _TEXT), "dim")
    table = strongest(item, method_of(made.method).signed, _PARTS)
    headings = [column.heading for column in table.columns]
    screen.print(grid(headings, table.rows, right=(2,)))
    warn(screen, notes(item))
    screen.print()


def _tell_faithful(screen: Console, found: Faithful, method: str) -> None:
    """What is known of one method, or of all."""
    from tunebook.report.explain import verdict

    prose(screen, say("explain.faithful_short", rows=found.rows, split=found.split), "bold")
    for curve in (curve for curve in found.curves if method in ("", curve.method)):
        prose(screen, f"{'✓' if curve.beats else '·'} {verdict(curve)}", "green" if curve.beats else None)


__all__ = ["Wanted", "explain"]
