"""tunebook review: whether written answers have a form, and what an outside model says of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, facts, prose
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, RunName, option, wrong
from tunebook.core.formatting import score_text
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console


def review(
    book: Books,
    run: RunName = AUTO,
    form: Annotated[Path | None, option("review_form", "--format", metavar="FILE")] = None,
    judge: Annotated[str | None, option("review_judge", "--judge", metavar="URL=MODEL")] = None,
    against: Annotated[str, option("review_against", "--against", metavar="true|BASELINE|RUN")] = "true",
    rows: Annotated[int, option("review_rows", "--rows", metavar="N")] = 50,
) -> Answer:
    """Say of written answers what no overlap with the true ones says."""
    from tunebook.verbs.review import Wanted
    from tunebook.verbs.review import review as reviewed
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.outside_judge import Judge

    opened = open_book(book)
    found = chosen_run(opened, run)
    if rows < 1:
        raise wrong("--rows", rows, ">= 1")
    who = None
    if judge is not None:
        address, _, model = judge.rpartition("=")
        if not address or not model:
            raise wrong("--judge", judge, "http://localhost:8000/v1=MODEL")
        who = Judge(address, model)
    with Bars() as bars:
        told = reviewed(found, "test", Wanted(form, who, against, rows), progress=bars)
    return Answer({"run": found.id, **told}, lambda screen: _tell(screen, told), ())


def _tell(screen: Console, told: dict[str, Any]) -> None:
    for name in ("valid", "preferred"):
        if share := told.get(name):
            values = {end: score_text(share[end]) for end in ("value", "low", "high")}
            more = {"file": share.get("file", ""), "against": share.get("against", ""), "rows": share.get("judged", 0)}
            prose(screen, say(f"review.{name}", **values, **more), "bold")
    if "agreed" in told:
        prose(screen, say("review.agreed", share=score_text(told["agreed"]), unread=told["unread"]))
    else:
        prose(screen, say("review.no_judge"), "dim")
    screen.print(facts([(say("review.kept"), path) for path in told["files"]]))


__all__ = ["review"]
