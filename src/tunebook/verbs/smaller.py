"""Ways to a smaller and quicker model of one run, beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tunebook.core.errors import RefusedError
from tunebook.core.progress import Progress
from tunebook.export.compare import Change, Row, measure
from tunebook.export.smaller import How
from tunebook.verbs.export import BUNDLES, export, limits_of
from tunebook.verbs.steps.runs import Run

PAGE = "compare.html"
WAYS = (
    How(),
    How(fused=True),
    How(half="fp16"),
    How(int8="dynamic"),
    How(int8="static"),
    How(int8="static", vocabulary=True),
)
_ROUNDS = 40


@dataclass(frozen=True)
class Compared:
    """Bundles beside the original.

    Attributes:
        rows: a line for each, the original first; refused: name -> what it lost, of those that lose too much; page: its
            file.
    """

    rows: list[Row]
    refused: dict[str, str]
    page: Path


def compare(run: Run, more: Sequence[How] = (), *, rounds: int = _ROUNDS, progress: Progress | None = None) -> Compared:
    """Export a run in each of the usual ways and measure all of them together, on one thread.

    Args:
        more: further ways; rounds: how often each bundle is asked, at most.

    Raises:
        As `export`, but for RefusedError.
    """
    from tunebook.bundle.runtime import open_bundle
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load
    from tunebook.report.smaller import write_page_of

    for how in more:
        how.check(run.plan.task, run.id)
    bundles, changes, refused = {}, {}, {}
    for way in dict.fromkeys((*WAYS, *more)):
        name = way.name
        try:
            made = export(run, how=way, progress=progress)
        except RefusedError as error:
            refused[name] = str(error.value)
            continue
        bundles[name] = open_bundle(made.folder, threads=1)
        if made.loss:
            changes[name] = Change.model_validate(made.loss)
    given = load(prepared_data(run.plan), "validation")
    given = given.at([number for number, text in enumerate(given.texts) if text.strip()])
    rows = list(given.texts) if given.pairs is None else list(zip(given.texts, given.pairs, strict=True))
    found = measure(bundles, rows, changes, rounds=rounds)
    page = write_page_of(run.path / BUNDLES / PAGE, found, limits_of(run).most_loss)
    return Compared(found, refused, page)


__all__ = ["PAGE", "WAYS", "Compared", "compare"]
