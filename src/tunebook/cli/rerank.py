"""tunebook rerank: the passages of a file in the order of their relevance to a query."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, note, predict_command, prose, run_option
from tunebook.cli.bars import Bars
from tunebook.cli.calibrate import after_hits, below, bound_of, mark_of, marked
from tunebook.cli.choose import chosen_run
from tunebook.cli.options import Books, Form, RunName, argument, data_options, option, wrong
from tunebook.core.errors import TunebookError
from tunebook.core.formatting import phrase
from tunebook.core.locations import AUTO
from tunebook.core.messages import cut, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.nouns import Interval
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.runs import Run

_SHOWN, _TEXT = 20, 70


@dataclass(frozen=True)
class Wanted:
    """Which passages are shown, and where they go."""

    top_k: Annotated[int | None, option("rerank_top", "--top-k", "--most", metavar="N")] = None
    above: Annotated[str | None, option("above", "--above", metavar="X|calibrated")] = None
    text: Annotated[str | None, option("rerank_text", "--text", metavar="COL")] = None
    out: Annotated[Path | None, option("out", "--out", metavar="FILE")] = None


@dataclass(frozen=True)
class Staged:
    """A first stage for the book's own queries."""

    first: Annotated[str | None, option("rerank_first", "--first", metavar="bm25|RUN")] = None
    depth: Annotated[int, option("rerank_depth", "--depth", metavar="N")] = 50
    split: Annotated[str, option("rerank_split", "--split", metavar="SPLIT")] = "test"


def rerank(
    book: Books,
    wanted: Wanted,
    staged: Staged,
    form: Form,
    words: Annotated[list[str] | None, argument("rerank_words", "[QUERY FILE]")] = None,
    run: RunName = AUTO,
) -> Answer:
    """Put the passages of a file in the order of their relevance to a query, or those that a first stage finds."""
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    found = chosen_run(opened, run)
    if len(words or ()) != (0 if staged.first else 2):
        raise TunebookError("rerank.what", key="QUERY FILE | --first", value=" ".join(words or ()) or staged.first)
    if staged.first and (lost := [name for name, value in vars(wanted).items() if value is not None]):
        raise TunebookError("rerank.what", key=" | ".join(f"--{name.replace('_', '-')}" for name in lost))
    if staged.first:
        return replace(_behind(opened, found, staged), next=(predict_command(opened, run),))
    query, file = words or ("", "")
    column = ("--text", wanted.text) if wanted.text else ()
    chosen = (*column, *run_option(run))
    asked = command("rerank", book, query, file, *chosen)
    go = after_hits(asked, book, run, bound_of(found.model, wanted.above))
    return replace(_of_file(found, query, Path(file), wanted, form), next=go)


def _of_file(run: Run, query: str, file: Path, wanted: Wanted, form: Form) -> Answer:
    from tunebook.cli.answers import check_out, save
    from tunebook.verbs.rerank import read_passages
    from tunebook.verbs.rerank import rerank as order

    if wanted.out is not None:
        check_out(wanted.out, {})
    given = read_passages(file, data_options(form, wanted))
    bounds = bound_of(run.model, wanted.above)
    note(say("cli.predict.loading"))
    with Bars() as bars:
        ranked = order(run, query, [row["passage"] for row in given], top_k=wanted.top_k, progress=bars)
    ordered = [{**given[one.place], "rank": one.rank, "place": one.place, "score": one.score} for one in ranked]
    rows = marked(ordered, bounds)
    empty = sum(not row["passage"].strip() for row in given)
    none = below(ordered, bounds, len(given) - empty)
    data = {"path": str(file), "rows": len(given), "empty": empty, "query": query, "run": run.id}
    if wanted.out is not None:
        save(rows, wanted.out)
        done = say("cli.predict.saved", rows=len(rows), path=wanted.out)
        told = f"✓ {done} {none}".rstrip()
        return Answer({**data, "out": str(wanted.out)}, lambda screen: screen.print(told, style="green"))
    return Answer({**data, "passages": rows}, lambda screen: prose(screen, none) if none else _tell(screen, rows))


def _behind(book: Book, run: Run, staged: Staged) -> Answer:
    """Scores before and after, of the book's own queries."""
    from tunebook.core.nouns import SPLITS
    from tunebook.core.registry import task_of
    from tunebook.report.two_stages import sentence
    from tunebook.verbs.steps.runs import Run as Kept
    from tunebook.verbs.two_stages import BM25, two_stages

    part = next((name for name in SPLITS if name == staged.split), None)
    if part is None:
        raise wrong("--split", staged.split, " | ".join(SPLITS))
    first = str(staged.first)
    folder = Path(first)
    before = None if first == BM25 else Kept(folder) if folder.is_dir() else chosen_run(book, first)
    with Bars() as bars:
        found = two_stages(run, before, split=part, depth=staged.depth, progress=bars)
    headline = task_of(run.plan.task)().headline(run.plan.labels)

    def tell(screen: Console) -> None:
        prose(screen, sentence(found, headline), "bold")
        names = [name for name in found.second if name in found.first]
        lines = [
            (phrase("metric", name), *(_with_ends(one[name]) for one in (found.first, found.second))) for name in names
        ]
        screen.print(grid((say("report.metric"), first, say("two_stages.second")), lines, right=(1, 2)))
        screen.print(facts([(say("two_stages.found"), f"{found.found:.1%}"), (say("cli.report"), found.path)]))

    told = {name: {key: one.model_dump() for key, one in side.items()} for name, side in
            (("first", found.first), ("second", found.second))}  # fmt: skip
    data = {"path": str(found.path), "rows": found.rows, "depth": found.depth, "found": found.found, "run": run.id}
    return Answer({**data, **told, "gain": found.gain.model_dump()}, tell)


def _with_ends(one: Interval) -> str:
    return f"{one.value:.3f} ({one.low:.3f} – {one.high:.3f})"


def _tell(screen: Console, rows: list[dict[str, Any]]) -> None:
    """The best passages with their scores."""
    lines = [
        (row["rank"], f"{mark_of(row)}{row['score']:.3f}", cut(" ".join(row["passage"].split()), _TEXT))
        for row in rows[:_SHOWN]
    ]
    headings = (say("ranking.rank"), say("cli.score"), say("cli.text"))
    screen.print(grid(headings, lines, right=(0, 1), whole=(0, 1)))
    if len(rows) > _SHOWN:
        screen.print(say("cli.predict.more", shown=_SHOWN, rows=len(rows)), style="dim")


__all__ = ["Staged", "Wanted", "rerank"]
