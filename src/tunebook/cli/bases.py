"""tunebook bases: which base model suits a book's rows, before anything is fine-tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, advise, command, grid, prose
from tunebook.cli.bars import Bars
from tunebook.cli.options import Allowed, Books, option
from tunebook.core.messages import has_words, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.bases import Bases, Candidate


def bases(
    book: Books,
    allowed: Allowed,
    model: Annotated[list[str] | None, option("bases_model", "--model", metavar="MODEL")] = None,
) -> Answer:
    """Compare base models on the book's own rows."""
    from tunebook.verbs.bases import bases as compare
    from tunebook.verbs.steps.book import open_book

    with Bars() as bars:
        found = compare(open_book(book), model, allow=allowed.names, progress=bars)
    best = found.best
    chosen = [] if best is None or best.model == found.current else [f"base_model={best.model}"]
    following = [command("table", "set", book, *chosen), command("table", "recommend", book)] if chosen else []
    data = {"metric": found.metric, "current": found.current, "candidates": list(map(_data, found.candidates))}
    return Answer(data, lambda screen: _tell(screen, found), (*following, command("train", book)) if best else ())


def _data(item: Candidate) -> dict[str, Any]:
    figures = {
        "model": item.model,
        "score": item.score.value if item.score else None,
        "low": item.score.low if item.score else None,
        "high": item.score.high if item.score else None,
        "tokens_per_character": item.tokens_per_character,
        "unknown_share": item.unknown_share,
        "bytes": item.bytes,
        "rows_per_second": item.rows_per_second,
        "licence": item.licence or None,
        "probe": item.probe or None,
    }
    return figures | ({"error": item.error.to_json()} if item.error else {})


def _tell(screen: Console, found: Bases) -> None:
    from tunebook.core.formatting import metric_name, number

    train, scored = found.rows
    for probe in found.probes:
        code = f"bases.how.{probe}"
        code = code if has_words(code) else "bases.how"
        prose(screen, say(code, train=number(train), scored=number(scored)))
    if found.passages:
        prose(screen, say("bases.how.passages", passages=number(found.passages)))
    screen.print()
    names = ("interval", "tokens", "unknown", "size", "pace", "licence")
    several = len(found.probes) > 1
    headings = [say("cli.model"), *([say("bases.by")] if several else []), metric_name(found.metric)]
    headings += [say(f"bases.{name}") for name in names]
    lines = [_line(item, several) for item in found.candidates if item.score]
    if lines:
        screen.print(grid(headings, lines, right=tuple(place + several for place in (1, 3, 4, 5, 6))))
        screen.print()
    for item in found.candidates:
        if item.error:
            screen.print(f"✗ {item.model}: {item.error.message}", style="red", soft_wrap=True)
            advise(screen, item.error.to_json())
    if found.best:
        close = say("cli.list").join(item.model for item in found.equals)
        told = (
            say("bases.close", model=found.best.model, others=close)
            if close
            else say("bases.best", model=found.best.model)
        )
        prose(screen, told, "bold")


def _line(item: Candidate, several: bool) -> list[str]:
    """A line of the table; where candidates were judged in several ways, with that of this one."""
    from tunebook.core.formatting import memory, score_text

    assert item.score is not None and item.bytes is not None
    return [
        item.model,
        *([say(f"baseline.{item.probe}")] if several else []),
        score_text(item.score.value),
        f"{score_text(item.score.low)} … {score_text(item.score.high)}",
        f"{item.tokens_per_character:.2f}",
        f"{item.unknown_share:.1%}",
        memory(item.bytes),
        f"{item.rows_per_second:.0f}",
        item.licence or "–",
    ]


__all__ = ["bases"]
