"""Merge: what a run trained beside its base model becomes part of it, as a plain model, proven on real rows."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from tunebook.core.errors import PlanError, RunError
from tunebook.core.files import write_whole
from tunebook.core.folders import folder_of
from tunebook.core.writes import Writes
from tunebook.models.chat_template import end_tokens
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.token_logits import ROWS as SPOKEN
from tunebook.verbs.steps.token_logits import token_logits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tunebook.core.task import Rows, Task
    from tunebook.engine.load import LoadedModel

ROWS = 64  # validation rows on which both models answer
_TOLERANCE = 1e-3  # largest difference of logits, for logits of size one; adding B A to W rounds at about 1e-6


@dataclass(frozen=True)
class Merged:
    """A merged model.

    Attributes:
        folder: loads with plain transformers.
        library: what loads it; load: how, as Python.
        run, base: what it was made of.
        rows: validation rows on which the model was compared with the run's; difference: the largest of their logits.
    """

    folder: Path
    run: str
    base: str
    rows: int
    difference: float
    library: str
    load: str


def merge(run: Run, into: Path) -> Merged:
    """Write a run's model as one that plain transformers loads, without Tunebook and without PEFT.

    What was added to the base's weights (lora, adalora, ia3) is added up; a model that is whole already is copied.
    The model on disk then answers beside the run's, and is removed where their logits differ.

    Raises:
        PlanError: `merge.impossible`: what was trained stays beside the base (prefix, prompt, p_tuning, adapter).
        RunError: `merge.folder`, `into` holds something; `merge.busy`, another process writes there; `merge.differs`;
            `merge.nothing`, it is the base model still; the run has not finished.
    """
    from tunebook.engine.load import load_model
    from tunebook.engine.stored import finish_folder

    used, busy = (RunError(code, key=str(into)) for code in ("merge.folder", "merge.busy"))
    with folder_of(into, used=used, busy=busy) as part:
        loaded = load_model(run.model, run.plan)
        rows = golden(run)
        before = _said(loaded, rows)
        added = hasattr(loaded.model, "merge_and_unload")
        plain = plain_model(run, loaded)
        _settle_ends(plain, loaded)
        plain.save_pretrained(str(part))
        finish_folder(part, loaded.tokenizer, run.plan)
        merged = _proven(run, part, before, rows, added=added)
        write_whole(part / "merged.json", json.dumps({**asdict(merged), "folder": "."}, indent=2) + "\n")
    return Merged(**{**asdict(merged), "folder": into, "load": _load(loaded.task, into)})


def plain_model(run: Run, loaded: LoadedModel) -> Any:
    """A run's model with what was added to the base's weights added up; it may be the loaded one itself.

    Raises:
        PlanError: `merge.impossible`.
    """
    from tunebook.engine.merging import added_up

    plain = added_up(loaded.model)
    _refuse_rest(run, plain)
    return plain


def whole(run: Run) -> Path:
    """The folder of a run's whole model: of one that kept only what was trained, it is merged once, into `merged/` of
    the run. Raises as `merge`."""
    from tunebook.engine.continual import MERGED
    from tunebook.engine.partial_model import is_partial

    if not is_partial(run.model):
        return run.model
    into = run.path / MERGED
    with FileLock(run.path / f".{MERGED}.lock"):
        return into if into.is_dir() else merge(run, into).folder


def golden(run: Run) -> Rows:
    """The first validation rows of a run's book."""
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load

    rows = load(prepared_data(run.plan), "validation")
    return rows.at(slice(ROWS), columns=True)


def _refuse_rest(run: Run, plain: Any) -> None:
    """Refuse a model that has parameters which the plain one has no place for."""
    from tunebook.core.registry import tasks
    from tunebook.models.source import find_model
    from tunebook.nets.linear_chain import in_chain

    plan = run.plan
    skeleton = tasks()[plan.task]().skeleton(find_model(plan.model, allow_pickle=True), plan.labels, plan.params)
    rest = sorted(name for name in plain.state_dict().keys() - skeleton.state_dict().keys() if not in_chain(name))
    if rest:
        raise PlanError("merge.impossible", key=run.id, value=rest[0], allowed="lora | adalora | ia3")


def _proven(run: Run, folder: Path, before: Any, rows: Rows, *, added: bool) -> Merged:
    """What the model on disk is worth beside the run's.

    Raises:
        RunError: `merge.nothing`, `merge.differs`.
    """
    import numpy as np

    from tunebook.engine.load import load_model

    merged = load_model(folder, run.plan)
    if added and same_as_base(run, merged):
        raise RunError("merge.nothing", key=run.id)
    after = _said(merged, rows)
    difference = float(np.abs(after - before).max())
    task = merged.task
    count = min(len(rows), SPOKEN) if isinstance(task, Writes) else len(rows)
    if not difference <= _TOLERANCE * max(1.0, float(np.abs(before).max())):
        raise RunError("merge.differs", key=run.id, value=difference, rows=count)
    return Merged(folder, run.id, run.plan.model, count, difference, task.library, _load(task, Path()))


def _said(loaded: LoadedModel, rows: Rows) -> NDArray[np.float32]:
    """What a model says of rows: its logits, of one that writes those of tokens, and not the texts that it writes."""
    if not isinstance(loaded.task, Writes):
        return loaded.logits(rows)
    return token_logits(loaded.net, rows)


def _settle_ends(model: Any, loaded: LoadedModel) -> None:
    """Let other programs stop where the model's answers end: they read that from its generation settings."""
    if loaded.task.auto_model == "AutoModelForCausalLM" and loaded.tokenizer.chat_template:
        ends = end_tokens(loaded.tokenizer)
        model.generation_config.eos_token_id = list(ends) if len(ends) > 1 else ends[0]
        model.generation_config.pad_token_id = loaded.tokenizer.pad_token_id


def _load(task: Task, folder: Path) -> str:
    how = task.auto_model + (".from_pretrained" if task.library == "transformers" else "")
    return f'{how}("{folder}")'


def same_as_base(run: Run, loaded: LoadedModel) -> bool:
    """Whether the layers of a model are those of its run's base model, bit for bit."""
    from torch import equal

    from tunebook.models.architecture import depths
    from tunebook.models.source import find_model

    base = loaded.task.build(find_model(run.plan.model, allow_pickle=True), run.plan.labels, run.plan.params)
    found = depths(base)
    own = dict(loaded.model.named_parameters())
    return all(
        equal(item.detach(), own[name].detach().cpu())
        for name, item in base.named_parameters()
        if found.of[name] < found.top
    )


__all__ = ["ROWS", "Merged", "golden", "merge", "plain_model", "same_as_base", "whole"]
