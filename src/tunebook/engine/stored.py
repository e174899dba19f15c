"""How a trained model is kept: whole, or, where the base model's weights stayed as they were, only what was trained.

A whole model is a folder that transformers loads. Of methods such as LoRA the folder holds what was trained (as PEFT
writes it for models of PEFT, else `trained.safetensors`) and `base.json`, which names the base model and its hash.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tunebook.core.chooses import Chooses
from tunebook.core.errors import ModelError
from tunebook.core.files import as_umask_says
from tunebook.core.nouns import Plan
from tunebook.core.registry import task_of
from tunebook.core.task import Searches, Task
from tunebook.core.technique import RunContext
from tunebook.engine.continual import build_model
from tunebook.engine.partial_model import BASE, base_of, is_partial
from tunebook.engine.reference import name_reference
from tunebook.engine.weave import Weave, woven
from tunebook.models.sentences import longest_read
from tunebook.models.source import REACH, find_model, model_id, reach

TRAINED = "trained.safetensors"
_ADAPTER = "adapter_model.safetensors"  # PEFT's name; its own reader would also take a pickle, or ask the hub
_PROMPT = "prompt_embeddings"  # PEFT takes up these by itself and still calls them unexpected
EXTRA = "extra_"  # children of a model that serve its training alone have names that begin so


def write_model(model: Any, folder: Path, plan: Plan, *, delta: bool) -> None:
    """Write a model into an empty folder.

    Args:
        delta: keep only what was trained.
    """
    with _bare(model):
        if not delta:
            model.save_pretrained(str(folder))
            return
        if hasattr(model, "peft_config"):
            model.save_pretrained(str(folder), save_embedding_layers=False)
        else:
            _write_trained(model, folder)
        model.config.save_pretrained(str(folder))
        # The model of a stage lies in the same book, which may be moved.
        place = os.path.relpath(plan.model, folder) if plan.before is not None else plan.model
        # Of a run that begins at another's model, the plan's hash is that of the other plan too.
        started = plan.before is not None or plan.continues is not None
        found = model_id(find_model(plan.model, allow_pickle=True)) if started else plan.model_id
        base = {"model": place, "model_id": found}
        (folder / BASE).write_text(json.dumps(base, indent=2) + "\n", encoding="utf-8")


def _write_trained(model: nn.Module, folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    trained = {name: item.detach().cpu().contiguous() for name, item in model.named_parameters() if item.requires_grad}
    save_file(trained, folder / TRAINED)


def finish_folder(folder: Path, tokenizer: Any, plan: Plan) -> None:
    """Write the tokenizer beside a model that was written, and let the umask say who may read them.

    It cuts texts where the run cut them, also in a pipeline of transformers; one of a model of vectors, which is there
    to read other texts than the run did, where the base model does. How much the base model can read, which the next
    training from this one may use, is kept beside that.
    """
    name_reference(folder, plan, task_of(plan.task)())
    own, length = tokenizer.model_max_length, plan.params.max_length
    if isinstance(task_of(plan.task)(), Searches):
        length = max(length, longest_read(Path(tokenizer.name_or_path), tokenizer))
    tokenizer.init_kwargs[REACH] = reach(tokenizer)
    tokenizer.model_max_length = length
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:  # else tokenizer.json would cut where the last text that was read happened to be cut
        backend.enable_truncation(length, direction=tokenizer.truncation_side)
    try:
        tokenizer.save_pretrained(str(folder))
    finally:
        tokenizer.model_max_length = own
    as_umask_says(folder)


def read_model(folder: Path, plan: Plan, task: Task) -> Any:
    """The model of a folder that `write_model` wrote.

    Raises:
        ModelError: `model.base_changed`: the base model is no longer the one that was trained.
    """
    if not is_partial(folder):
        return task.load(folder)
    base, kept = base_of(folder, plan)
    found = model_id(base)
    if found != kept["model_id"]:
        raise ModelError("model.base_changed", key="base_model", value=kept["model"], found=found)
    run = RunContext(seed=plan.seed, gives=task.gives, settings=plan.params, labels=plan.labels)
    with torch.random.fork_rng(devices=[]):  # fresh heads are drawn: a run that reads another draws as without it
        model = Weave(woven(plan), run=run).model(build_model(task, base, plan))
    if hasattr(model, "peft_config"):
        from peft import set_peft_model_state_dict

        result: Any = set_peft_model_state_dict(model, _read(folder / _ADAPTER))
        partial: Any = model
        partial.active_peft_config.inference_mode = True  # a P-tuning's vectors were kept, not the network of them
    else:
        result = model.load_state_dict(_read(folder / TRAINED), strict=False)
    strange = [name for name in result.unexpected_keys if name != _PROMPT]
    if strange:
        raise ModelError("model.base_changed", key="base_model", value=kept["model"], found=strange[0])
    if isinstance(task, Chooses):
        task.take_up(model, folder)
    return model


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return dict(load_file(path))


@contextmanager
def _bare(model: nn.Module) -> Iterator[None]:
    """The model without the parts that serve its training alone."""
    extra = {name: child for name, child in model.named_children() if name.startswith(EXTRA)}
    for name in extra:
        delattr(model, name)
    try:
        yield
    finally:
        for name, child in extra.items():
            model.add_module(name, child)


__all__ = ["BASE", "EXTRA", "TRAINED", "finish_folder", "read_model", "write_model"]
