"""tunebook merge: a run's model as one that plain transformers loads."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, facts
from tunebook.cli.options import argument, option
from tunebook.core.errors import RunError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.steps.runs import Run


def merge(
    run: Annotated[Path, argument("merged_run", "RUN")],
    into: Annotated[Path, option("merge_into", "--into", metavar="FOLDER")],
) -> Answer:
    """Make one plain model of a run."""
    from tunebook.verbs.steps.merge import merge as act

    merged = act(run_at(run), into)

    def tell(screen: Console) -> None:
        done = say("merge.done", into=merged.folder, difference=f"{merged.difference:.1e}", rows=merged.rows)
        screen.print(f"✓ {done}", style="green")
        screen.print(facts([(say("cli.run"), merged.run), (say("cli.model"), merged.folder)]))
        screen.print(say("merge.load", into=merged.folder))

    return Answer({**asdict(merged), "folder": str(merged.folder)}, tell)


def run_at(path: Path) -> Run:
    """The run in a folder; the newest finished one of a book's folder.

    Raises:
        RunError: `merge.no_run`.
    """
    from tunebook.verbs.steps.runs import Run, runs_in

    found = [run for run in runs_in(path / "runs") if run.finished]
    if (path / "plan.json").is_file():
        found = [Run(path)]
    if not found:
        raise RunError("merge.no_run", key=str(path))
    return found[-1]


__all__ = ["merge", "run_at"]
