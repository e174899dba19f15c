"""Export: the model of a run as a folder that answers elsewhere, proven on the validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.bundle.calibrated import DECODING
from tunebook.core.calibrates import bundle_name
from tunebook.core.errors import PlanError, RunError
from tunebook.core.folders import folder_of
from tunebook.core.locations import BOOK_FILE
from tunebook.core.operation import Exporting
from tunebook.core.progress import Progress
from tunebook.core.searches import Searches
from tunebook.export.record import Exported, Proof, size_of
from tunebook.export.smaller import How
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.export.source import Source


@dataclass(frozen=True)
class Triton:
    """How a model stands in a repository of Triton.

    Attributes:
        name: of the model, empty for that of the book's folder; instances: of each version; device: `cpu` or `gpu`;
            max_batch: rows of one pass.
    """

    name: str = ""
    instances: int = 1
    device: str = "cpu"
    max_batch: int = 32


BUNDLES = "bundles"  # folder of a run
KINDS = ("onnx", "torch", "hf", "triton")
_MERGED = "merged.json"


def export(
    run: Run,
    to: str = "onnx",
    *,
    into: Path | None = None,
    how: How | None = None,
    triton: Triton | None = None,
    progress: Progress | None = None,
) -> Exported:
    """The model of a run as a folder of its own.

    Args:
        to: `onnx`, or `torch`, a bundle that `open_bundle` opens, with the graph of the model for onnxruntime, or as a
            program of torch.export; `hf`, a folder for plain transformers or sentence-transformers, as `merge` makes;
            `triton`, the next version of a model in a repository of Triton, from the bundle in `bundles/onnx`.
        how: what is done to a bundle for onnxruntime on the way, to make it smaller or quicker; nothing by default.
        into: the folder; None for `bundles/KIND` of the run, of a calibrated model `bundles/KIND-HASH`, and `triton` of
            its book. What is there already and is of this run and these options is given back as it is; nothing is
            overwritten.
        triton: how the model is called there and run.

    Raises:
        PlanError: `shrink.kind`, `export.kind`, `export.task`; as `merge` and `write_smaller`. RunError: `export.used`,
            `export.busy`, `export.graph`, `export.differs`, `export.unequal`; as `Run.model`. RefusedError:
            `shrink.loses`. ModelError: as `open_bundle`, of a bundle that is there; `export.slow_tokenizer`.
    """
    if to not in KINDS:
        raise PlanError("export.kind", key="--to", value=to, allowed=" | ".join(KINDS))
    how, _ = how or How(), run.model
    if not how.nothing and to not in ("onnx", "triton"):
        raise PlanError("shrink.kind", key="--to", value=to, allowed="onnx | triton")
    how.check(run.plan.task, run.id)
    if to == "triton":
        return _repository(run, into or run.book / to, triton or Triton(), how, progress)
    folder = into or run.path / BUNDLES / bundle_name(to if how.nothing else how.name, run.model)
    return _plain(run, folder) if to == "hf" else _bundle(run, to, folder, how, progress)


def _bundle(run: Run, kind: str, folder: Path, how: How, progress: Progress | None) -> Exported:
    from tunebook.export.bundles import write_bundle
    from tunebook.export.source import check_task
    from tunebook.verbs.steps.answers import model_key
    from tunebook.verbs.steps.calibration import calibration_of

    check_task(run.plan.task, kind)
    made_of: dict[str, Any] = {"kind": kind, "model": model_key(run), "options": {}}
    if not how.nothing:
        made_of["options"] = how.options()
    if (read := calibration_of(run)) is not None:  # what an older bundle of this folder may not know
        made_of["options"] = {**made_of["options"], DECODING: read.facts}
    if (known := _known(folder, made_of)) is not None:
        return known
    used, busy = _refusals(folder)
    with folder_of(folder, used=used, busy=busy) as part:
        made = write_bundle(source_of(run, progress), part, limits_of(run), made_of, how)
    return made.model_copy(update={"folder": folder})


def _repository(run: Run, folder: Path, triton: Triton, how: How, progress: Progress | None) -> Exported:
    """The bundle of a run as the next version in a repository."""
    from tunebook.export.triton import write_repository
    from tunebook.export.triton_config import Instances

    made = export(run, how=how, progress=progress)
    instances = Instances(triton.instances, triton.device, triton.max_batch)
    written = write_repository(made.folder, folder, triton.name or run.book.resolve().name, instances)
    changed = {"folder": folder, "kind": "triton", "bytes": size_of(folder), "version": written.version}
    return made.model_copy(update=changed)


def _plain(run: Run, folder: Path) -> Exported:
    """A folder for other libraries, with a card where the run was evaluated."""
    from tunebook.core.folders import read_object
    from tunebook.data.frozen import prepared_data
    from tunebook.report.card import write_model_card
    from tunebook.verbs.steps.merge import merge

    reused = (folder / _MERGED).is_file()
    if reused and read_object(folder / _MERGED, "run")["run"] != run.id:
        raise _refusals(folder)[0]
    if not reused:
        merge(run, folder)
        if (report := run.report) is not None:
            write_model_card(folder, run.plan, report, prepared_data(run.plan), run.model)
    told = read_object(folder / _MERGED, "run", "rows", "difference")
    proof = Proof(rows=told["rows"], max_difference=told["difference"])
    return Exported(folder=folder, run=run.id, kind="hf", bytes=size_of(folder), proof=proof, reused=reused)


def _refusals(folder: Path) -> tuple[RunError, RunError]:
    """What is raised where something else is in a folder, and where another process is making it."""
    return RunError("export.used", key=str(folder)), RunError("export.busy", key=str(folder))


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
    from tunebook.models.sentences import longest_read
    from tunebook.verbs.steps.answers import answers, place_of
    from tunebook.verbs.steps.calibration import calibration_of

    plan, data = run.plan, prepared_data(run.plan)
    given = load(data, "validation")
    rows = replace(given, words=None)  # a bundle is given texts alone
    loaded = load_model(run.model, plan)
    known = given.words is None  # what was answered where words were known is another thing
    said = (
        answers(run, rows, place_of(plan, data, "validation"), progress=progress)
        if known
        else loaded.logits(rows, progress)
    )
    vectors = isinstance(loaded.task, Searches)
    length = longest_read(run.model, loaded.tokenizer) if vectors else plan.params.max_length
    net = replace(loaded.net, max_length=length)
    return Source(
        run.id, plan, loaded.task, added_up(loaded.model).cpu().float().eval(), loaded.tokenizer, data, rows, said,
        net.vectors, lambda: load(data, "train"), length, run.model, calibration_of(run),
    )  # fmt: skip


def _known(folder: Path, made_of: Mapping[str, Any]) -> Exported | None:
    """The bundle that is there, where it was made of the same."""
    from tunebook.bundle.manifest import FILE, check_files, read_manifest

    if not (folder / FILE).is_file():
        return None
    shown = read_manifest(folder)
    check_files(folder, shown)
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
        loss=dict(shown.rest.get("loss", {})),
        reused=True,
    )


__all__ = ["BUNDLES", "KINDS", "Triton", "export", "limits_of", "source_of"]
