"""The model card: README.md of a model folder, for people and for the Hugging Face hub."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import yaml

from tunebook.core.calibrates import read_calibration
from tunebook.core.formatting import baseline_name
from tunebook.core.hits import read_threshold
from tunebook.core.messages import catalogue, say
from tunebook.core.nouns import DataRef, Plan, Report
from tunebook.core.registry import task_of
from tunebook.core.sections import Table
from tunebook.engine.partial_model import BASE, is_partial
from tunebook.models.gemma import NAME as GEMMA
from tunebook.report.page import write_page
from tunebook.report.rows import data_view
from tunebook.report.run import limits
from tunebook.report.scores import all_notes, score_rows, spanned, standing
from tunebook.report.training import parameter_rows

_LANGUAGES = {"en": ["en"], "zh": ["zh"], "mixed": ["zh", "en"]}
_ADAPTER = "adapter_config.json"


def write_model_card(folder: Path, plan: Plan, report: Report, ref: DataRef, model: Path | None = None) -> Path:
    """Write `README.md` into a model folder: front matter that the hub reads, and a card that people read.

    The front matter holds language, pipeline_tag, base_model (for models with a public name), metrics and
    model-index; the card holds the scores with intervals and baselines, the rows, the table, the limits, and how to
    load the model without Tunebook. Names of classes, files and models are data: they are shown as they are, never read
    as Markdown or HTML.

    Args:
        model: folder whose calibration is told; None for `folder`.
    """
    task = task_of(plan.task)()
    matter = yaml.safe_dump(front_matter(plan, report, ref), allow_unicode=True, sort_keys=False)
    return write_page(
        folder / "README.md",
        "card.md.j2",
        matter=matter,
        plan=plan,
        report=report,
        title=f"{plan.task}-{report.run}",
        sentence=standing(report).sentence,
        baselines=[baseline_name(name) for name in report.baselines],
        scores=score_rows(report),
        interval_notes=all_notes(report),
        tables=[item for item in task.sections(report, plan.labels) if isinstance(item, Table) and item.on_card],
        data=data_view({"rows": ref.rows, **ref.stats}),
        sources=list(ref.sources),
        parameters=[row for row in parameter_rows(plan, None) if row["changed"] or row["default"] == "–"],
        limits=limits(report, plan),
        threshold=threshold_text(folder) or calibration_text(model or folder),
        notes=task.card_notes(plan.labels) + notes_of(plan),
        snippet=loading(folder, plan, pairs=bool(ref.roles.text_pair)),
        merges=is_partial(folder) and not _stays_beside(plan),
    )


def threshold_text(folder: Path) -> str:
    """What the threshold in a model's folder says, in one sentence; empty without one."""
    found = read_threshold(folder)
    if found is None:
        return ""
    names = ("precision", "recall", "f1")
    ends = {name: spanned(getattr(found.test, name)) for name in names}
    return say("calibrate.card", threshold=f"{found.threshold:.4f}", rows=found.test.rows, **ends)


def calibration_text(folder: Path) -> str:
    """What the calibration in a model's folder means for other programs, in one sentence; empty without one, and where
    its temperature is not used."""
    found = read_calibration(folder)
    if found is None or not found.temperature.applied:
        return ""
    return say("calibrate.card_chances", temperature=f"{found.scale:.4f}")


def front_matter(plan: Plan, report: Report, ref: DataRef) -> dict[str, Any]:
    """The metadata that the Hugging Face hub reads at the head of a model card."""
    language = _LANGUAGES.get(str(ref.stats.get("language")))
    values = {name: value for name, value in report.metrics.items() if math.isfinite(value)}
    public = "/" in plan.model and not Path(plan.model).is_absolute() and not plan.model.startswith(".")
    task = task_of(plan.task)
    return {
        **({"language": language} if language else {}),
        **({"license": "gemma"} if plan.model == GEMMA else {}),
        "library_name": task.library,
        "pipeline_tag": task.pipeline,
        **({"base_model": plan.model.removeprefix("modelscope:")} if public else {}),
        "tags": ["tunebook", plan.labels.problem],
        "metrics": list(values),
        "model-index": [
            {
                "name": f"{plan.task}-{report.run}",
                "results": [
                    {
                        "task": {"type": task.pipeline, "name": plan.task},
                        "dataset": {"type": "private", "name": ref.content, "split": report.split},
                        "metrics": [
                            {"type": name, "value": round(value, 6), "name": name} for name, value in values.items()
                        ],
                    }
                ],
            }
        ],
    }


def notes_of(plan: Plan) -> list[str]:
    """What other programs lack of a model, for the techniques that it was trained with, and the terms of its base."""
    notes = [say(code) for key in plan.techniques if (code := f"card.{key}") in catalogue()]
    return [*notes, *([say("gemma.card")] if plan.model == GEMMA else [])]


def loading(folder: Path, plan: Plan, *, pairs: bool) -> str:
    """Python that loads the model of a folder and answers a text: with the task's library, of a part of a model with
    its base model beside it, with Tunebook where the part is of a shape that no other library knows.

    Args:
        pairs: the model reads two texts.
    """
    task = task_of(plan.task)()
    auto, answer = task.auto_model, task.snippet(plan.labels, plan.params, pairs=pairs)
    here = f'folder = "."  # {say("report.card.folder")}'
    said = '["..."], ["..."]' if pairs else '["..."]'
    own = "\n".join(["from pathlib import Path", "", "import tunebook as tb", "", here, *_own(said)])
    if task.library != "transformers":
        imported = f"from {task.library.replace('-', '_')} import {auto}"
        whole = "\n".join([imported, "", here, f"model = {auto}(folder)", *answer])
        return own if (folder / BASE).is_file() else whole
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
    elif _stays_beside(plan):
        return own
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


def _stays_beside(plan: Plan) -> bool:
    """Whether what a plan trains stays beside its base model, so that `tunebook merge` cannot add it up."""
    from tunebook.engine.merging import unmergeable

    return bool(unmergeable(plan))


def _program(imports: list[str], used: str, places: list[str], load: list[str], answer: list[str]) -> str:
    head = [*imports, f"from transformers import {used}", ""]
    return "\n".join([*head, *places, "tokenizer = AutoTokenizer.from_pretrained(folder)", *load, *answer])


def _base(name: str) -> tuple[list[str], str]:
    """Imports and an expression that give what `from_pretrained` takes for a base model."""
    if name.startswith("builtin:"):
        from tunebook.models.source import BUILTIN, UNPACKED

        if name in UNPACKED:  # by Tunebook
            return ["from tunebook.models.source import find_model"], f"str(find_model({_text(name)}))"
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


__all__ = ["calibration_text", "front_matter", "loading", "notes_of", "threshold_text", "write_model_card"]
