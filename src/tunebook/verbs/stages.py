"""Stages: a table whose training starts from a model that was trained before, on raw text or on another book.

Each stage is a plan and a run of its own, in `stages/` of the book. The plan of the next names it by its id in place of
the base model's hash, so a plan knows its whole chain before any of it is trained, two tables that share a stage share
its run, and a stage that was killed goes on.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

from filelock import FileLock

from tunebook.core.border import Allow
from tunebook.core.errors import PlanError, RunError
from tunebook.core.files import write_whole
from tunebook.core.folders import folder_of
from tunebook.core.nouns import DataRef, ParamTable, Plan
from tunebook.core.params import build
from tunebook.core.progress import Progress, Silent, tell
from tunebook.core.registry import stages, task_of
from tunebook.core.stage import MakesParts, Stage
from tunebook.models.source import find_model, model_id
from tunebook.tables.split import techniques_of
from tunebook.verbs.runs import Run, find_run
from tunebook.verbs.stage_plan import plan_part

FOLDER, BODY, BEFORE = "stages", "body", "before.json"


def plan_stages(
    table: ParamTable, data: DataRef, *, seed: int | None = None, allow: Allow = frozenset()
) -> Plan | None:
    """The plan of the last stage of a table, which holds those before it; None where the table has no stages.

    Raises:
        PlanError, DataError: as the stages say.
    """
    last: Plan | None = None
    given = seed if seed is not None else cast(int, table.rows["seed"].value)
    for stage in stages_of(table):
        assert isinstance(stage, MakesParts)
        for part in stage.parts(table, data):
            last = plan_part(stage, part, data.path.parent, seed=given, allow=allow, before=last)
    return last


def stages_of(table: ParamTable) -> list[Stage]:
    """The stages that a table switches on, in their order."""
    known = stages()
    switched = {key: rows for key, rows in techniques_of(table).items() if key in known}
    chosen = [cast(Stage, build(known[key], dict(rows))) for key, rows in switched.items()]
    return sorted(chosen, key=lambda stage: stage.place)


def train_stages(plan: Plan, *, track: Sequence[str] = (), progress: Progress | None = None) -> list[Run]:
    """Train the stages of a plan that have not finished, each from the model of the one before; their runs in order.

    Of several processes that want the same stage one trains it and the others wait.

    Raises:
        RunError: `stages.failed`: a stage could not be trained.
    """
    watch = progress or Silent()
    return [_trained(stage, _folder(plan), track, watch) for stage in plan.stages]


def _trained(stage: Plan, folder: Path, track: Sequence[str], progress: Progress) -> Run:
    from tunebook.engine.ranks import from_first
    from tunebook.verbs.train import train

    found = find_run(folder, stage)
    done = found is not None and found.finished
    if found is not None and done and found.has_model:
        return found
    with ExitStack() as held:
        folder.mkdir(parents=True, exist_ok=True)
        from_first(lambda: bool(held.enter_context(FileLock(folder / f".{stage.id}.lock"))))
        progress.start(stage.stage, 1)
        try:
            run = train(stage, folder, again=done, track=track, progress=Quiet(progress))
        except (PlanError, RunError) as error:
            if error.code == "run.interrupted":
                raise
            raise RunError("stages.failed", key=stage.stage, reason=error.message) from error
        progress.finish()
        return run


class Quiet:
    """A watcher that is told how far a stage is, but not of its scores, which are not those of the book."""

    def __init__(self, inner: Progress) -> None:
        self.inner = inner

    def start(self, what: str, total: int, done: int = 0) -> None:
        """A piece of work begins."""
        self.inner.start(what, total, done)

    def advance(self, amount: int = 1, **figures: float) -> None:
        """Some units are done."""
        self.inner.advance(amount, **figures)

    def note(self, text: str) -> None:
        """Something out of the ordinary."""
        tell(self.inner, text)

    def finish(self) -> None:
        """The piece of work is over."""
        self.inner.finish()


def started(plan: Plan, folder: Path | None = None) -> Plan:
    """A plan with the place and the hash of the model that it starts from, now that the stage before has finished.

    Raises:
        RunError: `stages.missing`: it has not.
    """
    if plan.before is None:
        return plan
    run = find_run(folder or _folder(plan), plan.before)
    if run is None or not run.finished:
        raise RunError("stages.missing", key=plan.before.stage, value=plan.before.id)
    body = handed(run)
    return plan.model_copy(update={"model": str(body.resolve()), "model_id": model_id(body)})


def handed(run: Run) -> Path:
    """The folder of what a finished stage hands on: its model, without a head that only its own task has."""
    plan = run.plan
    if "head" not in task_of(plan.task).gives:
        return run.model
    body = run.path / BODY
    if not body.is_dir():
        from tunebook.engine.ranks import from_first

        from_first(lambda: str(_write_body(run, body)))
    return body


def _write_body(run: Run, body: Path) -> Path:
    from tunebook.engine.load import load_model
    from tunebook.engine.merging import added_up
    from tunebook.engine.stored import finish_folder

    with FileLock(run.path / f".{BODY}.lock"):  # several trainings may start from one stage at once
        if body.is_dir():
            return body
        with folder_of(body) as part:
            loaded = load_model(run.model, run.plan)
            added_up(loaded.model).base_model.save_pretrained(str(part))
            finish_folder(part, loaded.tokenizer, run.plan)
            base = find_model(started(run.plan, run.path.parent).model, allow_pickle=True)
            shutil.copyfile(base / "config.json", part / "config.json")  # without labels and dropouts of the stage
    return body


def score_before(run: Run) -> dict[str, float]:
    """Scores on the stage's validation rows before it was trained, kept beside its run."""
    path = run.path / BEFORE
    if not path.is_file():
        from transformers import set_seed

        from tunebook.verbs.train import fit_of

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
        run = find_run(_folder(plan), stage)
        finished = run is not None and run.finished
        metric = str(stage.params["metric"])
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


def _folder(plan: Plan) -> Path:
    """Where the stages of a plan are trained: beside the runs of its book."""
    return plan.data_path.parent / FOLDER


__all__ = [
    "BEFORE",
    "BODY",
    "FOLDER",
    "Quiet",
    "handed",
    "plan_stages",
    "score_before",
    "stage_facts",
    "stages_of",
    "started",
    "train_stages",
]
