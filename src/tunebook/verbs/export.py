"""Export: the model of a run as a folder that answers elsewhere, proven on the validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import RunError
from tunebook.core.folders import folder_of
from tunebook.core.locations import BOOK_FILE
from tunebook.core.operation import Exporting
from tunebook.core.progress import Progress
from tunebook.export.record import Exported
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.export.source import Source

BUNDLES = "bundles"  # folder of a run


def export(run: Run, to: str = "onnx", *, into: Path | None = None, progress: Progress | None = None) -> Exported:
    """The model of a run as a folder of its own.

    Args:
        into: the folder; None for `bundles/onnx` of the run. A bundle that is there already and is of this run and
            these options is opened and given back.

    Raises:
        PlanError: `export.task`. RunError: `export.used`, `export.busy`, `export.graph`, `export.differs`,
            `export.unequal`; the run has not finished. ModelError: as `open_bundle`, of one that is there.
    """
    from tunebook.export.bundles import write_bundle
    from tunebook.export.source import check_task
    from tunebook.verbs.steps.answers import model_key

    check_task(run.plan.task, to)
    folder = into or run.path / BUNDLES / to
    made_of: dict[str, Any] = {"model": model_key(run), "options": {}}
    if (known := _known(folder, made_of)) is not None:
        return known
    used, busy = (RunError(code, key=str(folder)) for code in ("export.used", "export.busy"))
    with folder_of(folder, used=used, busy=busy) as part:
        made = write_bundle(source_of(run, progress), part, limits_of(run), made_of)
    return made.model_copy(update={"folder": folder})


def limits_of(run: Run) -> Exporting:
    """What the run's book says of exports; the defaults without a book."""
    from tunebook.verbs.steps.book import Book

    return Book(run.book).file.export if (run.book / BOOK_FILE).is_file() else Exporting()


def source_of(run: Run, progress: Progress | None = None) -> Source:
    """The model of a run with its rows."""
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load
    from tunebook.engine.load import load_model
    from tunebook.engine.merging import added_up
    from tunebook.export.source import Source
    from tunebook.verbs.steps.answers import answers, place_of

    plan, data = run.plan, prepared_data(run.plan)
    rows = load(data, "validation")
    there = [number for number, text in enumerate(rows.texts) if text.strip()]
    rows = rows if len(there) == len(rows) else rows.at(there)
    said = answers(run, rows, place_of(plan, data, "validation"), progress=progress)
    loaded = load_model(run.model, plan)
    model = added_up(replace(loaded).model).cpu().float().eval()
    return Source(run.id, plan, loaded.task, model, loaded.tokenizer, data, rows, said)


def _known(folder: Path, made_of: Mapping[str, Any]) -> Exported | None:
    """The bundle that is there, where it was made of the same."""
    from tunebook.bundle.manifest import FILE
    from tunebook.bundle.runtime import open_bundle
    from tunebook.export.record import Proof, size_of

    if not (folder / FILE).is_file():
        return None
    shown = open_bundle(folder).manifest
    if any(shown.rest.get(name) != value for name, value in made_of.items()):
        return None
    return Exported(
        folder=folder,
        run=shown.run,
        kind=shown.kind,
        bytes=size_of(folder),
        proof=Proof.model_validate(shown.proof),
        scores=dict(shown.scores),
        latency_ms=dict(shown.latency_ms),
        reused=True,
    )


__all__ = ["BUNDLES", "export", "limits_of", "source_of"]
