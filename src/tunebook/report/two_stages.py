"""The page of a search whose candidates are reranked: scores before and after, and queries that it made worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.formatting import phrase
from tunebook.core.messages import say
from tunebook.core.nouns import Interval
from tunebook.core.sections import Annotated, Column, Table
from tunebook.report.page import write_page


@dataclass(frozen=True)
class TwoStages:
    """What reranking is worth behind a first stage, on the queries of a split.

    Attributes:
        path: of the page; rows: queries; depth: candidates of each at most.
        found: share of the relevant passages that are among the candidates, which no order can better.
        first, second: score -> value with its interval, before and after.
        gain: of the headline, paired by query.
    """

    path: Path
    rows: int
    depth: int
    found: float
    first: dict[str, Interval]
    second: dict[str, Interval]
    gain: Interval


def write_page_of(found: TwoStages, name: str, headline: str, lost: Sequence[tuple[str, str, str, str]]) -> Path:
    """Write the page.

    Args:
        name: of the first stage; lost: query, the right passage, the first one before, the first one after.
    """
    columns = (
        Column(say("report.metric"), "name"),
        Column(say("two_stages.first"), "number"),
        Column(say("two_stages.second"), "number"),
    )
    sides = (found.first, found.second)
    rows = []
    for key in found.second:
        before, after = (Annotated(side[key].value, (side[key].low, side[key].high)) for side in sides)
        rows.append((phrase("metric", key), before, after))
    tables = [Table(say("two_stages.scores", rows=found.rows, depth=found.depth), columns, tuple(rows), whole=True)]
    if lost:
        parts = (
            Column(say("ranking.query"), "text"),
            Column(say("ranking.should"), "right"),
            Column(say("two_stages.was_first"), "text"),
            Column(say("ranking.first"), "wrong"),
        )
        tables.append(Table(say("two_stages.lost", count=len(lost)), parts, tuple(lost), whole=True))
    facts = [
        (say("two_stages.stage"), name),
        (say("two_stages.depth"), str(found.depth)),
        (say("two_stages.found"), f"{found.found:.1%}"),
    ]
    return write_page(found.path, "two_stages.html.j2", facts=facts, tables=tables, sentence=sentence(found, headline))


def sentence(found: TwoStages, headline: str) -> str:
    """What reranking is worth, in one sentence."""
    gain = found.gain
    code = "better" if gain.low > 0 else "worse" if gain.high < 0 else "open"
    fields = {"before": f"{found.first[headline].value:.3f}", "after": f"{found.second[headline].value:.3f}"}
    ends = {"low": f"{gain.low:+.3f}", "high": f"{gain.high:+.3f}"}
    return say(f"two_stages.{code}", metric=phrase("metric", headline), **fields, **ends)


__all__ = ["TwoStages", "sentence", "write_page_of"]
