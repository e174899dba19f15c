"""tunebook embed and tunebook search: vectors of the texts of a file, and the nearest of them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, prose, run_option, warn
from tunebook.cli.backends import told_of
from tunebook.cli.bars import Bars
from tunebook.cli.calibrate import after_hits, below, bound_of, mark_of, marked
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, Form, RunName, argument, data_options, option, wrong
from tunebook.core.backends import EAGER, WANTED
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.backends.choice import Chosen

_INDEXES = "auto|numpy|faiss|hnswlib"
_TEXT = 200  # characters of a row that the screen shows


@dataclass(frozen=True)
class Texts:
    """Which texts of a file, and what they are."""

    text: Annotated[str | None, option("embed_text", "--text", metavar="COL")] = None
    side: Annotated[str, option("embed_side", "--side", metavar="query|passage")] = "passage"
    index: Annotated[str, option("embed_kind", "--index", metavar=_INDEXES)] = "auto"
    backend: Annotated[str, option("backend", "--backend", metavar="auto|eager|onnx")] = EAGER


@dataclass(frozen=True)
class Wanted:
    """Which rows a search shows, and what finds them."""

    most: Annotated[int, option("embed_most", "--most", "--top-k", metavar="N")] = 10
    above: Annotated[str | None, option("above", "--above", metavar="X|calibrated")] = None
    by: Annotated[str, option("embed_search_kind", "--index", metavar=_INDEXES)] = "auto"


def embed(
    book: Books,
    source: Annotated[Path, argument("embed_file", metavar="FILE")],
    into: Annotated[Path, option("embed_into", "--into", metavar="FILE")],
    texts: Texts,
    form: Form,
    run: RunName = AUTO,
) -> Answer:
    """Write the vectors of a file's texts."""
    from tunebook.verbs.embed import check_index, embed_file, index_file
    from tunebook.verbs.steps.book import open_book

    if texts.side not in ("query", "passage"):
        raise wrong("--side", texts.side, "query | passage")
    if texts.backend not in WANTED:
        raise wrong("--backend", texts.backend, " | ".join(WANTED))
    check_index(into, texts.index)
    options = data_options(form).model_copy(update={"text": texts.text})
    found = chosen_run(open_book(book), run)
    chosen: list[Chosen] = []
    how: Any = {"side": texts.side, "backend": texts.backend, "chosen": chosen.append}
    with Bars() as bars:
        done = embed_file(found, source, into, options=options, progress=bars, **how)
        index, recall = index_file(into, texts.index) if into.suffix == ".parquet" else ("numpy", 1.0)
    column = f"title + {done.text}" if done.title else done.text
    if chosen:
        note(told_of(chosen[-1]))
    pairs = [(say("cli.columns"), column), (say("cli.rows"), str(done.rows)), (say("embed.width"), str(done.width))]

    if index != "numpy":
        pairs.append((say("embed.kind_label"), _kind(index, recall)))

    def tell(screen: Console) -> None:
        screen.print(f"✓ {say('embed.done', path=done.path)}", style="green", soft_wrap=True)
        screen.print(facts(pairs))
        warn(screen, [say("embed.told_cut", length=done.length, count=done.cut, rows=done.rows)] if done.cut else [])
        warn(screen, [say("embed.empty", count=done.empty)] if done.empty else [])

    same = run_option(run)
    go = (command("search", book, into, say("cli.some_text"), *same),) if into.suffix == ".parquet" else ()
    by = {"backend": chosen[-1].model_dump(mode="json")} if chosen else {}
    return Answer({**asdict(done), "path": str(done.path), "index": index, "recall": recall, **by}, tell, go)


def search(
    book: Books,
    index: Annotated[Path, argument("embed_index", metavar="INDEX")],
    query: Annotated[str, argument("embed_query", metavar="QUERY")],
    wanted: Wanted,
    run: RunName = AUTO,
) -> Answer:
    """Find the rows that are nearest to a query."""
    from tunebook.verbs.embed import nearest_rows
    from tunebook.verbs.steps.book import open_book

    if wanted.most < 1:
        raise wrong("--most", str(wanted.most), ">= 1")
    chosen = chosen_run(open_book(book), run)
    bounds = bound_of(chosen.model, wanted.above)
    found = nearest_rows(chosen, index, query, wanted.most, by=wanted.by)
    hits, none = marked(found.rows, bounds), below(found.rows, bounds, found.searched)

    def tell(screen: Console) -> None:
        rows = [(f"{mark_of(row)}{row['score']:.3f}", _shown(row)) for row in hits]
        prose(screen, none) if none else screen.print(grid((say("embedding.cosine"), say("report.text")), rows))
        if found.index != "numpy":
            screen.print(facts([(say("embed.kind_label"), _kind(found.index, found.recall))]))
        told = [say("embed.stale", path=index)] if found.stale else []
        warn(screen, [*told, say("embed.cut_query")] if found.cut else told)

    asked = command("search", book, index, query, *run_option(run))
    go = after_hits(asked, book, run, bounds)
    return Answer({"path": str(index), "query": query, **asdict(found), "rows": hits}, tell, go)


def _kind(index: str, recall: float) -> str:
    """An index and what it misses."""
    return say("embed.exact", index=index) if recall == 1 else say("embed.recall", index=index, recall=f"{recall:.1%}")


def _shown(row: dict[str, Any]) -> str:
    whole = " · ".join(str(value) for name, value in row.items() if name not in ("score", "match"))
    return whole if len(whole) <= _TEXT else whole[: _TEXT - 1] + "…"


__all__ = ["Texts", "Wanted", "embed", "search"]
