"""The lines of Python that load a model folder without Tunebook, where that can be done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tunebook.core.messages import say
from tunebook.core.nouns import Plan
from tunebook.core.registry import task_of
from tunebook.engine.part import BASE

_ADAPTER = "adapter_config.json"


def loading(folder: Path, plan: Plan, *, pairs: bool) -> str:
    """Python that loads the model of a folder and answers a text: with transformers, of a part of a model with its base
    model beside it, with Tunebook where the part is of a shape that no other library knows.

    Args:
        pairs: the model reads two texts.
    """
    task = task_of(plan.task)()
    auto, answer = task.auto_model, task.snippet(plan.labels, plan.params, pairs=pairs)
    here = f'folder = "."  # {say("report.card.folder")}'
    if not (folder / BASE).is_file():
        load = [f"model = {auto}.from_pretrained(folder).eval()"]
        return _program([], f"{auto}, AutoTokenizer", [here], load, answer)
    imports, base = _base(json.loads((folder / BASE).read_text(encoding="utf-8"))["model"])
    load = [
        "config = AutoConfig.from_pretrained(folder)",
        f"model = {auto}.from_pretrained(base, config=config, ignore_mismatched_sizes=True)",
    ]
    if (folder / _ADAPTER).is_file():
        imports, load = [*imports, "from peft import PeftModel"], [*load, _PEFT]
    elif stays_beside(plan):
        said = '["..."], ["..."]' if pairs else '["..."]'
        return "\n".join(["from pathlib import Path", "", "import tunebook as tb", "", here, *_own(said)])
    else:
        imports, load = [*imports, "from safetensors.torch import load_file"], [*load, *_STATE]
    places = [here, f"base = {base}  # {say('report.card.base')}"]
    return _program(imports, f"AutoConfig, {auto}, AutoTokenizer", places, load, answer)


_PEFT = "model = PeftModel.from_pretrained(model, folder).eval()"
_STATE = [
    'model.load_state_dict(load_file(f"{folder}/trained.safetensors"), strict=False)',
    "model = model.eval()",
]


def _own(said: str) -> list[str]:
    return ["run = tb.Run(Path(folder).resolve().parent)", f"print(tb.predict(run, {said})[0])"]


def stays_beside(plan: Plan) -> bool:
    """Whether what a plan trains stays beside its base model, so that `tunebook merge` cannot add it up."""
    from tunebook.engine.merging import unmergeable

    return bool(unmergeable(plan))


def _program(imports: list[str], used: str, places: list[str], load: list[str], answer: list[str]) -> str:
    head = [*imports, f"from transformers import {used}", ""]
    return "\n".join([*head, *places, "tokenizer = AutoTokenizer.from_pretrained(folder)", *load, *answer])


def _base(name: str) -> tuple[list[str], str]:
    """Imports and an expression that give what `from_pretrained` takes for a base model."""
    if name.startswith("builtin:"):
        from tunebook.models.source import BUILTIN

        package = BUILTIN[name][0]
        return ["import os", "", f"import {package}"], f'os.path.dirname({package}.__file__) + "/model"'
    if name.startswith("modelscope:"):
        return ["from modelscope import snapshot_download"], f"snapshot_download({_text(name[len('modelscope:') :])})"
    if name.startswith(".."):  # of a stage of the same book
        return [], f'folder + "/" + {_text(name)}'
    return [], _text(name)


def _text(value: Any) -> str:
    """A text as Python has it, with nothing in it that would end a block of code in Markdown."""
    return json.dumps(str(value), ensure_ascii=False).replace("`", "\\x60")


__all__ = ["loading", "stays_beside"]
