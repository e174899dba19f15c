"""The report on data alone: what was read, what was kept, what was changed, what to look at."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.messages import say
from tunebook.core.nouns import DataRef
from tunebook.core.words import phrase
from tunebook.report.page import write_page
from tunebook.report.rows import data_view


def write_data_report(path: Path, ref: DataRef, book: str = "") -> Path:
    """Write the report on prepared rows into an HTML file that needs nothing else; missing figures are left out.

    Args:
        book: its name, where the file is not in its place yet.
    """
    roles = ref.roles.model_dump()
    return write_page(
        path,
        "data.html.j2",
        place=f"{book} · {phrase('task', ref.task)}" if book else "",
        data=data_view({"rows": ref.rows, **ref.stats}),
        rows=sum(ref.rows.values()),
        facts=[
            (say("report.fact.rows"), f"{sum(ref.rows.values()):,}"),
            (say("report.fact.problem"), phrase("problem", ref.labels.problem)),
            (say("report.fact.classes"), str(len(ref.labels.names)) if ref.labels.names else "–"),
            (say("report.fact.content"), ref.content),
        ],
        sources=list(ref.sources.items()),
        roles=[
            (phrase("role", name), ", ".join(column) if isinstance(column, list) else column)
            for name, column in roles.items()
            if column
        ],
    )


__all__ = ["write_data_report"]
