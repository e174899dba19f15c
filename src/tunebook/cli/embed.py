"""tunebook embed and tunebook search: vectors of the texts of a file, and the nearest of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid
from tunebook.cli.bars import Bars
from tunebook.cli.calibrate import bound_of, mark_of, marked
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, Form, RunName, argument, data_options, option, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

_TEXT = 200  # characters of a row that the screen shows


@dataclass(frozen=True)
class Texts:
    """Which texts of a file, and what they are."""

    text: Annotated[str | None, option("text", "--text", metavar="COL")] = None
    side: Annotated[str, option("embed_side", "--side", metavar="query|passage")] = "passage"


def embed(
    book: Books,
    source: Annotated[Path, argument("embed_file", metavar="FILE")],
    into: Annotated[Path, option("embed_into", "--into", metavar="FILE")],
    texts: Texts,
    form: Form,
    run: RunName = "latest",
) -> Answer:
    """Write the vectors of a file's texts."""
    from tunebook.verbs.embed import embed_file
    from tunebook.verbs.steps.book import open_book

    if texts.side not in ("query", "passage"):
        raise wrong("--side", texts.side, "query | passage")
    options = data_options(form).model_copy(update={"text": texts.text})
    found = chosen_run(open_book(book), run)
    with Bars() as bars:
        done = embed_file(found, source, into, side=texts.side, options=options, progress=bars)  # type: ignore[arg-type]
    pairs = [(say("cli.columns"), done.text), (say("cli.rows"), str(done.rows)), (say("embed.width"), str(done.width))]

    def tell(screen: Console) -> None:
        screen.print(f"✓ {say('embed.done', path=done.path)}", style="green", soft_wrap=True)
        screen.print(facts(pairs))

    go = (command("search", book, into, "..."),) if into.suffix == ".parquet" else ()
    return Answer({**asdict(done), "path": str(done.path)}, tell, go)


def search(
    book: Books,
    index: Annotated[Path, argument("embed_index", metavar="INDEX")],
    query: Annotated[str, argument("embed_query", metavar="QUERY")],
    most: Annotated[int, option("embed_most", "--most", metavar="N")] = 10,
    above: Annotated[str | None, option("above", "--above", metavar="X|calibrated")] = None,
    run: RunName = "latest",
) -> Answer:
    """Find the rows that are nearest to a query."""
    from tunebook.verbs.embed import nearest_rows
    from tunebook.verbs.steps.book import open_book

    if most < 1:
        raise wrong("--most", str(most), ">= 1")
    chosen = chosen_run(open_book(book), run)
    bounds = bound_of(chosen.model, above)
    found = marked(nearest_rows(chosen, index, query, most), bounds)

    def tell(screen: Console) -> None:
        rows = [(f"{mark_of(row)}{row['score']:.3f}", _shown(row)) for row in found]
        screen.print(grid((say("report.score"), say("report.text")), rows))

    return Answer({"rows": found}, tell)


def _shown(row: dict[str, Any]) -> str:
    whole = " · ".join(str(value) for name, value in row.items() if name not in ("score", "match"))
    return whole if len(whole) <= _TEXT else whole[: _TEXT - 1] + "…"


__all__ = ["Texts", "embed", "search"]
