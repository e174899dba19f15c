"""Train: plan -> run. The same plan trained again goes on where it stopped, or gives the run that there is.

Each stage is a plan and a run of its own, in `stages/` of the book. The plan of the next names it by its id in place of
the base model's hash, so a plan knows its whole chain before any of it is trained, two tables that share a stage share
its run, and a stage that was killed goes on.
"""

from __future__ import annotations

import json
import platform
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from tunebook.core.errors import PlanError, RunError
from tunebook.core.files import write_whole
from tunebook.core.folders import folder_of
from tunebook.core.kept_looks import KeptLooks
from tunebook.core.locations import write_plan
from tunebook.core.nouns import Plan
from tunebook.core.progress import Progress, Quiet, Silent
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, searching
from tunebook.models.source import find_model, model_id
from tunebook.verbs.steps.looked_in import looked_in
from tunebook.verbs.steps.merge import whole
from tunebook.verbs.steps.runs import LOCK, Run, find_run, keep_table, new_run

if TYPE_CHECKING:
    from tunebook.core.encoded import Encoded
    from tunebook.core.task import Task
    from tunebook.engine.fit import Fit
    from tunebook.engine.outcome import Outcome

_BODY = "body"  # of the run of a stage: what it hands on
_PATIENCE = 0.3  # seconds: who looks whether a run is at work holds its lock for an instant


def train(
    plan: Plan,
    into: Path | None = None,
    *,
    again: bool = False,
    track: Sequence[str] = ("tensorboard",),
    progress: Progress | None = None,
    keep_checkpoints: bool = False,
) -> Run:
    """Train what the plan says.

    Args:
        plan: a filled plan.
        into: folder of runs; None takes `runs/` of the plan's book.
        again: begin anew even if this very plan has been trained.
        track: trackers: tensorboard, wandb, mlflow.
        progress: who watches.
        keep_checkpoints: keep checkpoints (with the optimiser's state) after the run has finished.

    Returns:
        The run: resumed if it had been interrupted, untouched if it was finished.

    Raises:
        RunError: it diverged, was interrupted, a technique never acted, or another process trains it right now.
        DataError: the rows are not those of the plan. MachineError: memory or disk ran out.
    """
    from tunebook.engine.failures import explained
    from tunebook.engine.ranks import from_first, processes

    if processes() > 1:
        from tunebook.engine.several import check

        check(plan)
    with explained(plan.params), ExitStack() as held:
        folder = into or plan.data_path.parent / "runs"
        run = Run(folder / from_first(lambda: _claim(plan, folder, again, held)))
        if run.finished:
            _ = run.model  # a run whose model is gone is of no use
        else:
            stages = [] if plan.stage else train_stages(plan, track=track, progress=progress)
            _train(plan, run, track, progress, lambda outcome: _finish(run, outcome, keep_checkpoints, stages))
    return run


def _claim(plan: Plan, folder: Path, again: bool, held: ExitStack) -> str:
    """Name of the run's folder, which no other process trains as long as `held` is open.

    Raises:
        RunError: `run.busy`.
    """
    run = None if again else find_run(folder, plan)
    if run is not None and run.finished:
        return run.id
    fresh = run is None
    run = run or new_run(folder, plan)
    try:
        held.enter_context(FileLock(run.path / LOCK, timeout=_PATIENCE))
        if fresh:  # only now can another process find it
            keep_table(plan, run)
            write_plan(plan, run.path)
    except Timeout as error:
        raise RunError("run.busy", key=run.id) from error
    except OSError:
        if fresh:
            shutil.rmtree(run.path, ignore_errors=True)
        raise
    return run.id


def _train(
    plan: Plan, run: Run, track: Sequence[str], progress: Progress | None, finish: Callable[[Outcome], None]
) -> None:
    from tunebook.engine.checkpoints import sound_checkpoint
    from tunebook.engine.ranks import from_first, rank
    from tunebook.engine.track import trackers

    callbacks = trackers(list(track), run.path, run.id) if rank() == 0 else []
    resume = from_first(lambda: str(sound_checkpoint(run.path, progress) or ""))
    fit = fit_of(plan, run, progress, callbacks)
    outcome = fit.run(Path(resume) if resume else None)
    from_first(lambda: finish(outcome))
    fit.interrupt.pass_on()


def fit_of(plan: Plan, run: Run, progress: Progress | None = None, callbacks: Sequence[Any] = ()) -> Fit:
    """The training of a plan, with the base model found and the rows tokenised.

    Raises:
        RunError: `run.data`: the rows are not those of the plan. `stages.missing`: the stage before has not finished.
    """
    from tunebook.core.registry import tasks
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import group_codes, load
    from tunebook.engine.continual import check_start, numbered
    from tunebook.engine.fit import Fit
    from tunebook.engine.infer import Beside
    from tunebook.engine.material import Material
    from tunebook.engine.ranks import from_first
    from tunebook.engine.tokens import encode
    from tunebook.models.source import load_tokenizer

    data = prepared_data(plan)
    check_start(plan)
    if plan.continues is not None:
        data, start = numbered(data, plan.labels), Run(plan.continues)
        from_first(lambda: str(whole(start)))
    plan = started(plan, run.path.parent if plan.stage else None)
    model = find_model(plan.model, allow_pickle=True)  # plan() has refused or allowed it
    task = tasks()[plan.task]()
    tokenizer = task.reader(load_tokenizer(model), plan.params)
    cache = data.path.parent / "cache"
    length = plan.params.max_length
    rows = [load(data, split) for split in ("train", "validation")]
    seen = [task.seen(part, plan.params) for part in rows]
    tokens = [encode(part, task, tokenizer, length, cache=cache, progress=progress) for part in seen]
    beside = None
    searched = looked_in(rows, seen) if searching(task, plan.labels) else None
    if searched is not None:
        numbers, texts = searched
        alone = Rows(texts, None, None, [""] * len(texts))
        beside = Beside(numbers, encode(alone, task, tokenizer, length, cache=cache, progress=progress))
    held = _held(task, tokens, plan, (model, tokenizer), cache, progress)
    groups = group_codes(rows[1], data.roles)
    material = Material(model, tokenizer, held[0], held[1], groups, beside, seen[1], cache)
    return Fit(plan, material, run.path, progress=progress, callbacks=callbacks)


def _held(
    task: Task, tokens: list[Encoded], plan: Plan, base: tuple[Path, Any], cache: Path, progress: Progress | None
) -> list[Encoded]:
    """Training and validation rows with what the base model says of them, where the task holds the model against it;
    of the first only where the loss does."""
    from tunebook.core.reference import Refers
    from tunebook.engine.machine import pick_precision
    from tunebook.engine.ranks import from_first
    from tunebook.engine.reference import Reference

    if not isinstance(task, Refers):
        return tokens
    first = 0 if task.refers(plan.params) else 1
    before = Reference(task, plan, base[0], base[1].pad_token_id, pick_precision(plan.params.precision))
    from_first(lambda: str(len(before.beside(tokens[first:], cache, progress))))  # the others find it kept
    return [*tokens[:first], *before.beside(tokens[first:], cache)]


def _finish(run: Run, outcome: Outcome, keep_checkpoints: bool, stages: Sequence[Run]) -> None:
    """Write outcome.json, which makes the run a finished one, and clear away what only a resume needs."""
    clocks = ("seconds", "processor_seconds", "borrowed_seconds")

    costs = [
        {"stage": stage.plan.stage, "run": stage.id, **{name: stage.outcome.get(name, 0.0) for name in clocks}}
        for stage in stages
    ]
    facts = {
        **asdict(outcome),
        "rows_per_second": outcome.rows / max(outcome.seconds, 1e-9),
        "machine": platform.platform(),
        "model_id": model_id(run.path / "model"),
        **({"stages": costs, "stage_seconds": sum(cost["seconds"] for cost in costs)} if costs else {}),
    }
    write_whole(run.path / "outcome.json", json.dumps(facts, indent=2) + "\n")
    if not keep_checkpoints:
        shutil.rmtree(run.path / "checkpoints", ignore_errors=True)
        if (looks := KeptLooks.read(run.path)) is not None:
            looks.pruned()


def train_stages(plan: Plan, *, track: Sequence[str] = (), progress: Progress | None = None) -> list[Run]:
    """Train the stages of a plan that have not finished, each from the model of the one before; their runs in order.

    Of several processes that want the same stage one trains it and the others wait.

    Raises:
        RunError: `stages.failed`: a stage could not be trained.
    """
    watch = progress or Silent()
    return [_train_stage(stage, stage_folder(plan), track, watch) for stage in plan.stages]


def _train_stage(stage: Plan, folder: Path, track: Sequence[str], progress: Progress) -> Run:
    from tunebook.engine.ranks import from_first

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


def started(plan: Plan, folder: Path | None = None) -> Plan:
    """A plan with the place and the hash of the model that it starts from, now that the stage before has finished.

    Raises:
        RunError: `stages.missing`: it has not.
    """
    if plan.before is None:
        return plan
    run = find_run(folder or stage_folder(plan), plan.before)
    if run is None or not run.finished:
        raise RunError("stages.missing", key=plan.before.stage, value=plan.before.id)
    body = handed(run)
    return plan.model_copy(update={"model": str(body.resolve()), "model_id": model_id(body)})


def handed(run: Run) -> Path:
    """The folder of what a finished stage hands on: its model, without a head that only its own task has."""
    plan = run.plan
    if "head" not in task_of(plan.task).gives:
        return run.model
    body = run.path / _BODY
    if not body.is_dir():
        from tunebook.engine.ranks import from_first

        from_first(lambda: str(_write_body(run, body)))
    return body


def _write_body(run: Run, body: Path) -> Path:
    from tunebook.engine.load import load_model
    from tunebook.engine.merging import added_up
    from tunebook.engine.stored import finish_folder

    with FileLock(run.path / f".{_BODY}.lock"):  # several trainings may start from one stage at once
        if body.is_dir():
            return body
        with folder_of(body) as part:
            loaded = load_model(run.model, run.plan)
            added_up(loaded.model).base_model.save_pretrained(str(part))
            finish_folder(part, loaded.tokenizer, run.plan)
            base = find_model(started(run.plan, run.path.parent).model, allow_pickle=True)
            shutil.copyfile(base / "config.json", part / "config.json")  # without labels and dropouts of the stage
    return body


def stage_folder(plan: Plan) -> Path:
    """Where the stages of a plan are trained: beside the runs of its book."""
    return plan.data_path.parent / "stages"


__all__ = ["fit_of", "handed", "stage_folder", "started", "train", "train_stages"]
