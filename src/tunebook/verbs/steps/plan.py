"""Plan: table + data -> everything that a run does, filled in and checked, before any compute is spent."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tunebook.core.call_check import Allow
from tunebook.core.errors import PlanError, gathered
from tunebook.core.installed import version_of
from tunebook.core.locations import from_book
from tunebook.core.nouns import DataRef, Estimate, ParamTable, Plan
from tunebook.core.params import build
from tunebook.core.reference import Refers
from tunebook.core.registry import stages, task_of
from tunebook.core.settings import Filled, Settings
from tunebook.core.stage import MakesParts, Part, Stage
from tunebook.core.technique import Facts, Refuses, Technique, in_one_line
from tunebook.engine.continual import CONTINUE, Start, find_start, numbered
from tunebook.engine.inputs import inputs_of
from tunebook.engine.schedule import check_steps
from tunebook.models.source import find_model, read_config
from tunebook.tables.in_force import settings_of, techniques_of
from tunebook.tables.rules import planned_steps
from tunebook.verbs.steps.book import kept_model_id
from tunebook.verbs.steps.estimate import estimate, within
from tunebook.verbs.steps.learnt import remaining, taught
from tunebook.verbs.steps.model_facts import read_tokens, suited
from tunebook.verbs.steps.order import naming, order, read_at_all, refuse_unhanded, shown_rows, stage_table, warmed
from tunebook.verbs.steps.passes import Read, lines_of
from tunebook.verbs.steps.plan_checks import check_settings, check_whole
from tunebook.verbs.steps.planned_model import planned_model
from tunebook.verbs.steps.sizes import Sizes

if TYPE_CHECKING:
    from tunebook.core.task import Task

_LIBRARIES = ("tunebook", "torch", "transformers", "accelerate", "tokenizers", "numpy")
_LENGTH_TELLS = 0.3  # share of the label's variance that length may explain before like lengths are kept apart


def plan(
    table: ParamTable,
    data: DataRef,
    *,
    seed: int | None = None,
    allow: Allow = frozenset(),
    continue_from: str | None = None,
) -> Plan:
    """Fill in everything that a run needs and refuse what cannot work. Loads no weights.

    Args:
        table: the rows; what they leave open is derived from data and model.
        data: the book's rows.
        seed: in place of the table's, as the arms of a test need it.
        allow: `unknown_tokens` and `pickle` admit what is otherwise refused.
        continue_from: id of a run of this book or folder of any, whose model takes the place of the base model.

    Returns:
        The plan of the book's own training, with those of the stages before it.

    Raises:
        TableError, PlanError, ModelError, DataError, MachineError: with what to do about it, and what else does not go
            together.
    """
    if continue_from is not None:
        if found := stages_of(table):
            raise PlanError("forgetting.stages", key=found[0].key, value=continue_from)
        start = find_start(continue_from, data)
        return plan_one(table, numbered(data, start.labels), seed=seed, allow=allow, start=start)
    before = plan_stages(table, data, seed=seed, allow=allow)
    return plan_one(table, data, seed=seed, allow=allow, before=before)


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
            last = _plan_part(stage, part, data.path.parent, seed=given, allow=allow, before=last)
    return last


def stages_of(table: ParamTable) -> list[Stage]:
    """The stages that a table switches on, in their order."""
    known = stages()
    switched = {key: rows for key, rows in techniques_of(table).items() if key in known}
    chosen = [build(known[key], rows) for key, rows in switched.items()]
    return sorted(chosen, key=lambda stage: stage.place)


def _plan_part(
    stage: Stage, part: Part, book: Path, *, seed: int, allow: Allow = frozenset(), before: Plan | None = None
) -> Plan:
    """The plan of a part of a stage.

    Args:
        book: folder of the book whose training is prepared.
        seed: of the training that is prepared; before: plan of the stage before.

    Raises:
        PlanError, TableError: `stages.unfit`, what `plan` says of any table, with the name of the stage; as
            `stage_table` and `refuse_unhanded`.
    """
    own = seed if part.seed is None else part.seed
    table = stage_table(stage, part, book)
    with naming(stage):
        made = plan_one(table, part.data, seed=own, allow=allow, before=before)
    refuse_unhanded(stage, made)
    params = made.params.model_copy(update=part.more.model_dump() if part.more else {})
    own_seed = part.seed is not None
    return made.model_copy(update={"params": params, "stage": stage.key, "own_seed": own_seed, "values": {}})


def plan_one(
    table: ParamTable,
    data: DataRef,
    *,
    seed: int | None = None,
    allow: Allow = frozenset(),
    before: Plan | None = None,
    start: Start | None = None,
) -> Plan:
    """The plan of one training, whatever stages the table has.

    Args:
        before: plan of the stage whose model it starts from.
        start: the run that it continues from instead.
    """
    settings, task = settings_of(table), task_of(data.task)()
    name, folder = _begun(settings, data, start, allow)
    tokens = read_tokens(data, folder, allow_unknown="unknown_tokens" in allow) | data.stats.get("packed", {})
    params = _settled(table, data, (name, folder), tokens, seed)
    given, shares = data.rows, taught(task, params, data, folder)
    data, tokens = remaining(data, shares), tokens | shares
    woven: list[Technique] = []
    gathered(
        lambda: check_settings(params, task, data, tokens["positions"]),
        lambda: check_whole(params, task, data),
        lambda: task.check(data.stats, params),
        lambda: check_steps(params, planned_steps(settings, data.rows["train"])),
        lambda: woven.extend(order(_switched(table, task), task, more=frozenset({"past"} if start else ()))),
        lambda: _refuse(woven, _facts(data, params, folder, woven, start)),
    )
    rows = {**data.rows, "train": shown_rows(woven, data.rows["train"])}
    params = warmed(params, settings, rows["train"]) if rows != given else params
    inputs = inputs_of(woven, data.path.parent) | ({CONTINUE: start.id} if start else {})
    sizes, head = planned_model(task, folder, data, params, woven, inputs)
    head = None if start or before else head
    within(settings.max_trained_share, sizes)
    return Plan(
        task=data.task,
        model=start.whole if start else name,
        model_id=before.id if before else kept_model_id(folder, data.path.parent),
        labels=data.labels,
        params=params,
        techniques={item.key: item.model_dump() for item in woven},
        inputs=inputs,
        table=table.values_id,
        table_version=table.version,
        data=data.content,
        data_path=data.path.absolute(),
        seed=params.seed,
        versions={name: version_of(name) or "?" for name in _LIBRARIES},
        estimate=_needed(sizes, params, data.model_copy(update={"rows": rows}), tokens, woven),
        before=before,
        continues=start.path if start else None,
        values={} if table.version else {**table.values(), "seed": params.seed},
        allowed=sorted(allow),
        head=head,
    )


def _begun(settings: Settings, data: DataRef, start: Start | None, allow: Allow) -> tuple[str, Path]:
    """Name and folder of the model that a training begins from."""
    if start:  # which may be a part of a model; what its base model must be was asked when its run was planned
        return start.model, Path(start.model)
    name = from_book(settings.base_model, data.path.parent)
    folder = find_model(name, allow_pickle="pickle" in allow)
    suited(data.task, folder, name)
    return name, folder


def _settled(
    table: ParamTable, data: DataRef, begun: tuple[str, Path], tokens: dict[str, Any], seed: int | None
) -> Filled:
    """The settings of a training, filled in, with those of its task.

    Args:
        begun: name and folder of the model that it begins from; seed: in place of the table's.
    """
    settings, task = settings_of(table), task_of(data.task)()
    params = _filled(settings, task, data, tokens, planned_steps(settings, data.rows["train"]))
    params = params if seed is None else params.model_copy(update={"seed": seed})
    rows = techniques_of(table).get(task.key, {}) if task.own else {}
    own = {f"{task.key}.{field}": value for field, value in rows.items()}
    params = task.settled(params.model_copy(update=own), begun[1], data.labels, begun[0])
    if settings.length_bucketing == "auto" and (task.one_line or task.whole(data.labels, params)):
        params = params.model_copy(update={"length_bucketing": "off"})  # rows of all lengths are to be told apart
    return params


def _switched(table: ParamTable, task: Task) -> dict[str, Any]:
    """The techniques of a training that a table switches on, with their rows: no stages, and no rows of the task."""
    others = {*stages(), *([task.key] if task.own else [])}
    return {key: rows for key, rows in techniques_of(table).items() if key not in others}


def _needed(sizes: Sizes, params: Filled, data: DataRef, tokens: dict[str, Any], woven: list[Technique]) -> Estimate:
    """Time and memory of a run, and how many of its texts lose their end; `data` has as many training rows as an epoch
    shows."""
    from tunebook.data.tokens import share_cut

    task, techniques = task_of(data.task)(), {item.key: item.model_dump() for item in woven}
    steps, rows = read_at_all(woven, params, data.rows)
    one_line = task.one_line and params.length_bucketing == "off" and in_one_line(params, woven)
    lines = lines_of(tokens, params.max_length, task.parted if task.windows else None)
    whole = task.whole(data.labels, params)
    before = isinstance(task, Refers) and task.refers(params)
    read = Read(lines, task.read_share(data.stats, techniques), whole, padded=not one_line, before=before)
    found = estimate(sizes, params, rows=rows, read=read, steps=steps)
    cut = 0.0 if task.windows else tokens.get("cut_share", share_cut(tokens, params.max_length))
    return found.model_copy(update={"cut_share": cut, "left_out_share": tokens["left_out_share"]})


def _filled(settings: Settings, task: Task, data: DataRef, tokens: dict[str, Any], steps: int) -> Filled:
    """The settings with a value for the rows that say `none` or `auto`, without what does not decide the outcome."""
    given = settings.deciding()
    if settings.max_length is None:
        given["max_length"] = min(max(8 * math.ceil(tokens["p99"] / 8), 8), tokens["positions"])
    if settings.metric == "auto":
        given["metric"] = task.headline(data.labels)
    if settings.length_bucketing == "auto":
        given["length_bucketing"] = "off" if float(data.stats.get("length_label_link") or 0) > _LENGTH_TELLS else "on"
    if settings.warmup_steps is None:
        given["warmup_steps"] = math.floor(steps * settings.warmup_ratio)
    return Filled(**given)


def _facts(data: DataRef, params: Filled, folder: Path, woven: list[Technique], start: Start | None) -> Facts:
    """What is known of the training before anything is loaded."""
    return Facts(
        task=data.task,
        labels=data.labels,
        settings=params,
        config=read_config(folder),
        techniques=frozenset(item.key for item in woven),
        rows=data.rows["train"],
        continues=start.path.name if start else "",
        kept=start.kept if start else frozenset(),
        annotators=tuple(data.roles.annotators),
    )


def _refuse(woven: list[Technique], facts: Facts) -> None:
    """Ask every technique whether it can work with all that is known."""
    gathered(*(partial(item.refuse, facts) for item in woven if isinstance(item, Refuses)))


__all__ = ["plan", "plan_one", "plan_stages", "stages_of"]
