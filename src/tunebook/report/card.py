"""The model card: README.md of a model folder, for people and for the Hugging Face hub."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import yaml

from tunebook.core.nouns import DataRef, Plan, Report
from tunebook.core.registry import task_of
from tunebook.core.sections import Table
from tunebook.core.words import baseline_name
from tunebook.engine.part import is_part
from tunebook.report.page import write_page
from tunebook.report.rows import data_view
from tunebook.report.run import limits
from tunebook.report.scores import all_notes, score_rows
from tunebook.report.snippet import loading, stays_beside
from tunebook.report.training import parameter_rows
from tunebook.report.verdict import standing

_LANGUAGES = {"en": ["en"], "zh": ["zh"], "mixed": ["zh", "en"]}


def write_model_card(folder: Path, plan: Plan, report: Report, ref: DataRef) -> Path:
    """Write `README.md` into a model folder: front matter that the hub reads, and a card that people read.

    The front matter holds language, pipeline_tag, base_model (for models with a public name), metrics and
    model-index; the card holds the scores with intervals and baselines, the rows, the table, the limits, and how to
    load the model without Tunebook. Names of classes, files and models are data: they are shown as they are, never read
    as Markdown or HTML.
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
        notes=task.card_notes(plan.labels),
        snippet=loading(folder, plan, pairs=bool(ref.roles.text_pair)),
        merges=is_part(folder) and not stays_beside(plan),
    )


def front_matter(plan: Plan, report: Report, ref: DataRef) -> dict[str, Any]:
    """The metadata that the Hugging Face hub reads at the head of a model card."""
    language = _LANGUAGES.get(str(ref.stats.get("language")))
    values = {name: value for name, value in report.metrics.items() if math.isfinite(value)}
    public = "/" in plan.model and not Path(plan.model).is_absolute() and not plan.model.startswith(".")
    task = task_of(plan.task)
    return {
        **({"language": language} if language else {}),
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


__all__ = ["front_matter", "write_model_card"]
