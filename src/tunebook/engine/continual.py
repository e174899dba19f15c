"""The run that a training continues from: its labels and its head, and the rows of all runs before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tunebook.core.encoded import Encoded, join, one_column
from tunebook.core.errors import ModelError, PlanError, RunError
from tunebook.core.files import as_umask_says
from tunebook.core.locations import PLAN, read_plan
from tunebook.core.nouns import DataRef, Labels, Plan
from tunebook.core.params import Declaration, Row
from tunebook.core.registry import task_of
from tunebook.engine.inputs import find_input, input_id
from tunebook.engine.partial_model import MERGEABLE, is_partial

if TYPE_CHECKING:
    from torch import Tensor

    from tunebook.core.progress import Progress
    from tunebook.core.task import Task
    from tunebook.engine.speedups import TrimmedEmbedding

CONTINUE, MERGED = "continue_from", "merged"
_KEPT = "techniques"
_WORDS = 1 << 30  # more than any vocabulary
_ROW = Declaration(
    CONTINUE, "training", CONTINUE, "text", None, Row("run to continue from", zh="继续训练的起点", input="run")
)


@dataclass(frozen=True)
class Start:
    """Where a training begins instead of at a base model.

    Attributes:
        path: folder of the run.
        id: hash of its plan and its model.
        labels: its own, with the book's further ones after them.
        kept: keys of the techniques that left something for the runs that continue from it.
        partial: it kept only what was trained beside its base model, to which that can be added up.
    """

    path: Path
    id: str
    labels: Labels
    kept: frozenset[str]
    partial: bool = False

    @property
    def model(self) -> str:
        """The folder of its model as it was kept."""
        return str(self.path / "model")

    @property
    def whole(self) -> str:
        """The folder of its whole model; of a partial one it is written when the training begins."""
        return str(self.path / MERGED) if self.partial else self.model


def find_start(name: str, data: DataRef) -> Start:
    """The run that a training of a book is to continue from.

    Args:
        name: id of a run of this book, or the folder of a run of any.

    Raises:
        PlanError: `input.run`, or it does another kind of work than the book asks for; `forgetting.part`, what it has
            trained stays beside its base model.
    """
    path = find_input(_ROW, name, data.path.parent)
    plan = read_plan(path)
    if plan.task != data.task:
        raise PlanError("forgetting.task", key=path.name, value=plan.task, allowed=data.task)
    partial = is_partial(path / "model")
    if partial:
        from tunebook.engine.merging import unmergeable

        beside = unmergeable(plan)
        if beside:
            raise PlanError("forgetting.part", key=path.name, value=beside, allowed=MERGEABLE, technique=beside)
    kept = frozenset(file.stem for file in (path / _KEPT).glob("*.safetensors"))
    return Start(path, input_id(_ROW, path), joined_labels(plan.labels, data.labels, path.name), kept, partial)


def joined_labels(old: Labels, new: Labels, run: str = "") -> Labels:
    """The labels of a run with those of a book: the old ones first, in their order, then what is new.

    Raises:
        PlanError: `forgetting.problem`, `forgetting.levels`: a head cannot be both.
    """
    if old.kind != new.kind:
        raise PlanError("forgetting.problem", key=run, value=old.problem, allowed=new.problem)
    if old.kind.classes == "ordered" and old.names != new.names:
        raise PlanError("forgetting.levels", key=run, value=old.names, allowed=", ".join(new.names))
    names = [*old.names, *(name for name in new.names if name not in old.names)]
    ends = {"low": min, "high": max}
    found = {
        name: choose(value for value in (getattr(old, name), getattr(new, name)) if value is not None)
        for name, choose in ends.items()
        if getattr(old, name) is not None
    }
    fresh = dict(zip(new.names, new.start, strict=False))
    start = [*old.start, *(fresh[name] for name in names[len(old.names) :])] if old.start and fresh else old.start
    return Labels(problem=old.problem, names=names, start=start, **found)


def ancestors(plan: Plan) -> Iterator[tuple[Path, Plan]]:
    """The runs that a plan continues from, the last one first, each with its plan.

    Raises:
        RunError: `forgetting.gone`: one of them is no longer where it was.
    """
    while plan.continues is not None:
        path = plan.continues
        if not (path / PLAN).is_file():
            raise RunError("forgetting.gone", key=str(path))
        plan = read_plan(path)
        yield path, plan


def check_start(plan: Plan) -> None:
    """Refuse a run to continue from that is another than when the plan was made.

    Raises:
        RunError: `run.input`, `forgetting.gone`.
    """
    for path, _ in ancestors(plan):
        found = input_id(_ROW, path)
        if found != plan.inputs[CONTINUE]:
            raise RunError("run.input", key=CONTINUE, value=found, allowed=plan.inputs[CONTINUE])
        return


def data_of(plan: Plan, labels: Labels) -> DataRef:
    """The rows of a plan's book, their targets numbered as in these labels. Raises as `prepared_data`."""
    from tunebook.data.frozen import prepared_data

    return numbered(prepared_data(plan), labels)


def numbered(data: DataRef, labels: Labels) -> DataRef:
    """Rows whose targets are numbered as in these labels, among which are all of their own."""
    return data.model_copy(update={"labels": labels})


def past_rows(plan: Plan, task: Task, tokenizer: Any, progress: Progress) -> Encoded | None:
    """Training rows of all runs before, with this plan's labels; None where it continues from none.

    The column `past.age` is 1 for rows of the run that is continued, 2 for those of the one before it, and so on.
    """
    from tunebook.data.load import load
    from tunebook.engine.tokens import encode

    parts = []
    length = plan.params.max_length
    cache = plan.data_path.parent / "cache"
    for age, (_, theirs) in enumerate(ancestors(plan), 1):
        rows = task.seen(load(data_of(theirs, plan.labels), "train"), plan.params)
        found = encode(rows, task, tokenizer, length, cache=cache, progress=progress)
        count = len(found)
        parts.append(found.with_fixed(**{"row": np.full(count, -1), "past.age": np.full(count, age)}))
    return _joined(parts) if parts else None


def _joined(parts: list[Encoded]) -> Encoded:
    """Several packs of rows as one; where some have weights, the others weigh 1."""
    if any("sample_weight" in part.fixed for part in parts):
        ones = [np.ones(len(part), dtype=np.float32) for part in parts]
        parts = [
            part.with_fixed(sample_weight=part.fixed.get("sample_weight", one))
            for part, one in zip(parts, ones, strict=True)
        ]
    fixed = {name: one_column([part.fixed[name] for part in parts]) for name in parts[0].fixed}
    return join(parts).with_fixed(**fixed)


def outputs_before(plan: Plan) -> int:
    """Outputs of the head that is continued, of a model that says words as many as there are; 0 where the plan
    continues from no run."""
    every = _WORDS if "words" in task_of(plan.task).gives else 0
    return next((every or theirs.labels.outputs for _, theirs in ancestors(plan)), 0)


def build_model(task: Task, folder: Path, plan: Plan) -> Any:
    """The model of a plan from its base model's folder; of a run that is continued the head is kept.

    Raises:
        ModelError: as `Task.build`; `forgetting.head`: its head cannot be made larger.
    """
    model = task.build(folder, plan.labels, plan.params)
    before = outputs_before(plan)
    if 0 < before < plan.labels.outputs:
        _grow(model, folder, before, plan.labels)
    return model


def _grow(model: Any, folder: Path, before: int, labels: Labels) -> None:
    """Give a head of more outputs the weights of those that it had; new ones stay fresh."""
    import torch

    grown = 0
    stored = _stored(folder)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            old = stored.get(name)
            if old is not None and old.shape != parameter.shape:
                parameter[:before] = old.to(parameter)
                grown += 1
                if parameter.dim() == 1 and labels.start:
                    parameter[before:] = torch.tensor(labels.start[before:])
    if not grown:
        raise ModelError("forgetting.head", key=str(folder), value=before, allowed=str(labels.outputs))


def _stored(folder: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    found: dict[str, Tensor] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= load_file(file)
    return found


def write_kept(folder: Path, keeps: Mapping[str, Mapping[str, Tensor]], model: Any, plan: Plan) -> None:
    """Write what techniques leave for the runs that continue from this one into its folder.

    Of a model with fewer token vectors it is written for all tokens: those that were cut away keep what they had.
    """
    from safetensors.torch import save_file

    for key, tensors in keeps.items():
        (folder / _KEPT).mkdir(exist_ok=True)
        whole = {name: item.detach().cpu().contiguous() for name, item in tensors.items()}
        name, cut = _cut(model)
        if cut is not None and name in whole:
            had = read_kept(plan, key).get(name)
            every = cut.whole.new_zeros(cut.whole.shape) if had is None else had
            every[cut.tokens] = whole[name][:-1]
            whole[name] = every
        save_file(whole, folder / _KEPT / f"{key}.safetensors")
    if keeps:
        as_umask_says(folder / _KEPT)


def kept_for(model: Any, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """What was kept for all tokens, for a model that may have fewer token vectors."""
    name, cut = _cut(model)
    if cut is None or name not in tensors:
        return tensors
    import torch

    whole = tensors[name]
    return {**tensors, name: torch.cat([whole[cut.tokens], whole.new_zeros(1, whole.shape[1])])}


def _cut(model: Any) -> tuple[str, TrimmedEmbedding | None]:
    """The token vectors of a model that has fewer of them, under the name of their weight; None for a whole model."""
    from tunebook.engine.speedups import TrimmedEmbedding

    cut = model.get_input_embeddings()
    if not isinstance(cut, TrimmedEmbedding):
        return "", None
    return next(name for name, parameter in model.named_parameters() if parameter is cut.weight), cut


def read_kept(plan: Plan, key: str) -> dict[str, Tensor]:
    """What a technique has left in the run that a plan continues from; empty where there is nothing."""
    from safetensors.torch import load_file

    path = next((path / _KEPT / f"{key}.safetensors" for path, _ in ancestors(plan)), None)
    return dict(load_file(path)) if path is not None and path.is_file() else {}


__all__ = [
    "CONTINUE",
    "MERGED",
    "Start",
    "ancestors",
    "build_model",
    "check_start",
    "data_of",
    "find_start",
    "joined_labels",
    "kept_for",
    "numbered",
    "outputs_before",
    "past_rows",
    "read_kept",
    "write_kept",
]
