"""What the stages of a plan have given: their costs, what their techniques did, their scores before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tunebook.core.files import write_whole
from tunebook.core.nouns import Plan
from tunebook.verbs.steps.runs import Run, find_run
from tunebook.verbs.steps.train import fit_of, stage_folder

BEFORE = "before.json"


def score_before(run: Run) -> dict[str, float]:
    """Scores on the stage's validation rows before it was trained, kept beside its run."""
    path = run.path / BEFORE
    if not path.is_file():
        from transformers import set_seed

        fit = fit_of(run.plan, run)
        set_seed(run.plan.seed)  # a head that the base model lacks starts at random
        model = fit.task.build(fit.material.model_folder, fit.plan.labels, fit.params)
        scores = {name.removeprefix("eval_"): value for name, value in fit.scorer()(model).items()}
        write_whole(path, json.dumps(scores) + "\n")
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found


def stage_facts(plan: Plan) -> Iterator[dict[str, Any]]:
    """One record a stage of a plan: what it is, what it needs, and, once it was trained, what it gave."""
    for stage in plan.stages:
        run = find_run(stage_folder(plan), stage)
        finished = run is not None and run.finished
        metric = stage.params.metric
        yield {
            "stage": stage.stage,
            "task": stage.task,
            "techniques": stage.techniques,
            "plan": stage.id,
            "steps": stage.estimate.steps,
            "seconds": run.outcome["seconds"] if run and finished else stage.estimate.seconds,
            "run": run.id if run else None,
            "finished": finished,
            "counters": _did(stage, run),
            "metric": metric,
            "before": score_before(run) if run and finished else {},
            "after": run.validation_scores if run and finished else {},
        }


def _did(stage: Plan, run: Run | None) -> dict[str, dict[str, float]]:
    """What each technique of a stage has done; empty before the stage has finished."""
    counters = run.outcome.get("counters", {}) if run else {}
    return {key: counters[key] for key in stage.techniques if key in counters}


__all__ = ["BEFORE", "score_before", "stage_facts"]
