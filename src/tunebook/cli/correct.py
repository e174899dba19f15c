"""tunebook correct: labels put right, as a new version of the data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, command, prose
from tunebook.cli.options import Books, argument, option
from tunebook.core.formatting import phrase
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.data.corrected import Corrected


def correct(
    book: Books,
    file: Annotated[Path, argument("correct_file", "FILE")],
    column: Annotated[str, option("correct_column", "--column", metavar="COL")] = "label",
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = "",
    reason: Annotated[str, option("correct_reason", "--reason", metavar="TEXT")] = "",
    dry_run: Annotated[bool, option("correct_dry_run", "--dry-run")] = False,
) -> Answer:
    """Put labels right: the next version of a book's data."""
    from tunebook.data.corrected import read_corrections
    from tunebook.verbs.correct import correct as put_right
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    made = put_right(opened, read_corrections(file, column), owner=owner, reason=reason, dry_run=dry_run)
    done = made.done
    figures = {"changed": len(done.changed), "dropped": len(done.dropped), "same": len(done.same)}
    data = {
        "data_version": made.version, "parent": made.base, "kept": not dry_run, "content": done.ref.content,
        "rows": done.ref.rows, "changed": done.changed, "dropped": done.dropped, "same": len(done.same),
        "changed_of": done.splits, "warning": _warned(done, column),
    }  # fmt: skip
    words = say("correct.would" if dry_run else "correct.done", version=f"v{made.version}", **figures)
    again = command("correct", book, file, *([] if column == "label" else ["--column", column]))
    back = command("retrain", book, "--adopt", f"v{made.base}")
    go = (again,) if dry_run else (command("train", book), command("check", book), back)
    warning = str(data["warning"])

    def tell(screen: Console) -> None:
        prose(screen, words)
        if warning:
            prose(screen, warning, "yellow")
        if not dry_run:
            prose(screen, say("correct.back", version=f"v{made.base}"), "dim")

    return Answer(data, tell, go)


def _warned(done: Corrected, column: str) -> str:
    """That rows are put right which models are scored on, and what is to be minded where these take labels from a
    column of suggestions; empty of training rows alone. Labels that somebody has read stand in the column `label`."""
    parts = {name: done.splits[name] for name in ("validation", "test") if done.splits.get(name)}
    if not parts:
        return ""
    listed = ", ".join(f"{phrase('split', name)} {count}" for name, count in parts.items())
    told = {"count": sum(parts.values()), "parts": listed}
    scored = say("correct.scored", **told)
    return scored if column == "label" else f"{scored} {say('correct.flatters', column=column, **told)}"


__all__ = ["correct"]
