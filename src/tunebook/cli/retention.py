"""What a run has kept of earlier tasks, on a terminal and for --json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import facts, grid
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.retention import Retention


def tell_retention(screen: Console, kept: Retention | None) -> None:
    """Print each earlier task with what was learned and what is left; nothing for a run that continues from none."""
    if kept is None:
        return
    from tunebook.report.retention import headings, summary_facts, task_rows

    screen.print()
    screen.print(say("retention.heading"), style="bold")
    lines = [[book, *cells] for book, _, *cells in (headings(kept), *task_rows(kept))]  # a run's id is long
    screen.print(grid(lines[0], lines[1:], right=(1,)))
    screen.print(facts(summary_facts(kept)))


def retention_data(kept: Retention | None) -> dict[str, Any]:
    """`retention` of a run's JSON; empty for a run that continues from none."""
    return {} if kept is None else {"retention": {**kept.model_dump(mode="json"), "summary": kept.summary()}}


__all__ = ["retention_data", "tell_retention"]
