"""Plan: table + data -> everything that a run does, filled in and checked, before any compute is spent."""

from __future__ import annotations

import math
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import ModelError, PlanError
from tunebook.core.hashing import content_id
from tunebook.core.nouns import DataRef, ParamTable, Plan
from tunebook.core.params import build
from tunebook.core.registry import tasks, techniques
from tunebook.core.technique import Facts, PreparesModel, Refuses, RunContext, Technique
from tunebook.engine.inputs import inputs_of
from tunebook.engine.schedule import check_steps
from tunebook.models.source import find_model, load_tokenizer, model_id, model_stamp, read_config
from tunebook.tables.rules import planned_steps
from tunebook.tables.split import settings_of, techniques_of
from tunebook.verbs.kept import kept

if TYPE_CHECKING:
    from tunebook.core.task import Task

_LIBRARIES = ("tunebook", "torch", "transformers", "accelerate", "tokenizers", "numpy")
_READERS = ("tunebook", "transformers", "tokenizers")  # what decides how a text is read, beside the model
_LENGTH_TELLS = 0.3  # share of the label's variance that length may explain before like lengths are kept apart


def plan(table: ParamTable, data: DataRef, *, seed: int | None = None, allow: frozenset[str] = frozenset()) -> Plan:
    """Fill in everything that a run needs and refuse what cannot work. Loads no weights.

    Args:
        table: the rows; what they leave open is derived from data and model.
        data: the book's rows.
        seed: in place of the table's, as the arms of a test need it.
        allow: `unknown_tokens` and `pickle` admit what is otherwise refused.

    Raises:
        TableError, PlanError, ModelError, DataError, MachineError: with what to do about it.
    """
    params: dict[str, Any] = settings_of(table).model_dump()
    if seed is not None:
        params["seed"] = seed
    task = tasks()[data.task]()
    name = params.pop("base_model")  # a place, not what decides the outcome: that is the hash of the model's files
    folder = find_model(name, allow_pickle="pickle" in allow)
    tokens = read_tokens(data, folder, allow_unknown="unknown_tokens" in allow)
    _fill(params, task, data, tokens)
    steps = _schedule(params, data.rows["train"])
    woven = order(techniques_of(table), task)
    facts = Facts(
        task=data.task,
        labels=data.labels,
        settings=params,
        config=read_config(folder),
        techniques=frozenset(item.key for item in woven),
        rows=data.rows["train"],
    )
    _refuse(woven, facts)
    inputs = inputs_of(woven, data.path.parent)
    skeleton, trained = _skeleton(task, folder, data, params, woven)
    from tunebook.data.tokens import share_cut
    from tunebook.verbs.estimate import estimate

    length = mean_length(tokens, params["max_length"])
    needed = estimate(skeleton, params, rows=data.rows, mean_length=length, steps=steps, trained=trained).model_copy(
        update={"cut_share": share_cut(tokens, params["max_length"])}
    )

    return Plan(
        task=data.task,
        model=name,
        model_id=_model_id(folder, data),
        labels=data.labels,
        params=params,
        techniques={item.key: item.model_dump() for item in woven},
        inputs=inputs,
        table=table.values_id,
        table_version=table.version,
        data=data.content,
        data_path=data.path,
        seed=params["seed"],
        versions={name: _version(name) for name in _LIBRARIES},
        estimate=needed,
    )


def read_tokens(data: DataRef, folder: Path, *, allow_unknown: bool = False, tokenizer: Any = None) -> dict[str, Any]:
    """How the model's tokenizer reads the training texts: `token_report` of lengths and unknown tokens, and as
    `positions` the tokens that the model can take. Kept in the book's cache.

    Args:
        tokenizer: the model's, where the caller has loaded it.

    Raises:
        DataError: the tokenizer cannot read too large a share of them.
    """
    from tunebook.data.tokens import SAMPLE, check_tokens

    key = content_id([data.content, _model_id(folder, data), SAMPLE, [_version(name) for name in _READERS]])
    report: dict[str, Any] = kept(data, f"tokens-{key}", lambda: _read(data, folder, tokenizer))
    check_tokens(report, allow_unknown=allow_unknown)
    return report


def _read(data: DataRef, folder: Path, tokenizer: Any) -> dict[str, Any]:
    from tunebook.data.load import load
    from tunebook.data.tokens import token_report

    rows = load(data, "train")
    tokenizer = tokenizer or load_tokenizer(folder)
    report = token_report(rows.texts, rows.pairs, tokenizer)
    return {**report, "positions": positions(read_config(folder), tokenizer)}


def _model_id(folder: Path, data: DataRef) -> str:
    """Hash of the model's files; gigabytes of weights are read once a book, not once a plan."""
    stamp = model_stamp(folder)
    if stamp is None:
        return model_id(folder)
    found: str = kept(data, f"model-{stamp}", lambda: model_id(folder))
    return found


def mean_length(tokens: dict[str, Any], limit: int) -> float:
    """Tokens of a row on average once rows are cut at a limit, from a token report."""
    lengths = {min(int(length), limit): 0 for length in tokens["lengths"]}
    for length, count in tokens["lengths"].items():
        lengths[min(int(length), limit)] += int(count)
    return sum(length * count for length, count in lengths.items()) / max(sum(lengths.values()), 1)


def positions(config: dict[str, Any], tokenizer: Any) -> int:
    """Tokens that the model can take."""
    room = int(config.get("max_position_embeddings") or 10**6)
    if config["model_type"] in ("roberta", "xlm-roberta", "camembert"):
        room -= 2  # their positions start after the padding index
    return int(min(room, tokenizer.model_max_length, 10**6))


def _fill(params: dict[str, Any], task: Task, data: DataRef, tokens: dict[str, Any]) -> None:
    """Resolve the rows that say `none` or `auto`, and refuse those that cannot act on these labels."""
    room = tokens["positions"]
    if params["max_length"] is None:
        params["max_length"] = min(max(8 * math.ceil(tokens["p99"] / 8), 8), room)
    if params["max_length"] > room:
        raise PlanError("plan.length", key="max_length", value=params["max_length"], allowed=f"4 … {room}")
    known = task.metrics(data.labels)
    if params["metric"] == "auto":
        params["metric"] = task.headline(data.labels)
    if params["metric"] not in known:
        raise PlanError("plan.metric", key="metric", value=params["metric"], allowed=" | ".join(("auto", *known)))
    if params["length_bucketing"] == "auto":
        tells = float(data.stats.get("length_label_link") or 0.0)
        params["length_bucketing"] = "off" if tells > _LENGTH_TELLS else "on"
    if data.labels.problem in ("regression", "ordinal"):
        for row, off in (("label_smoothing", 0), ("class_weights", "none")):
            if params[row] != off:
                raise PlanError("plan.numbers", key=row, value=params[row], allowed=str(off))


def _schedule(params: dict[str, Any], rows: int) -> int:
    """Fill in `warmup_steps`; the number of steps planned.

    Raises:
        PlanError: as `check_steps`.
    """
    steps = planned_steps(params, rows)
    if params["warmup_steps"] is None:
        params["warmup_steps"] = math.floor(steps * params["warmup_ratio"])
    check_steps(params, steps)
    return steps


def order(rows: dict[str, dict[str, Any]], task: Task) -> list[Technique]:
    """The techniques that are on, checked against the task and each other, in the order in which they are woven.

    Raises:
        PlanError: the task does not give what a technique needs, or two of them conflict.
    """
    known = techniques()
    chosen: dict[str, Technique] = {key: build(known[key], values) for key, values in rows.items()}  # type: ignore[misc]
    for key, technique in chosen.items():
        missing = technique.needs - task.gives
        if missing:
            raise PlanError("plan.needs", key=key, value=", ".join(sorted(missing)), task=task.key)
        rivals = {k for k, other in chosen.items() if k != key and technique.exclusive == other.exclusive != ""}
        clash = sorted(technique.conflicts & chosen.keys() | rivals)
        if clash:
            raise PlanError("plan.conflict", key=key, value=clash[0])
    done: list[Technique] = []
    waiting = dict(sorted(chosen.items()))
    while waiting:
        ready = next((k for k, t in waiting.items() if not t.after & waiting.keys()), None)
        if ready is None:
            raise PlanError("plan.cycle", key=", ".join(waiting))
        done.append(waiting.pop(ready))
    return done


def _refuse(woven: list[Technique], facts: Facts) -> None:
    """Ask every technique whether it can work with all that is known."""
    for technique in woven:
        if isinstance(technique, Refuses):
            technique.refuse(facts)


def _skeleton(
    task: Task, folder: Path, data: DataRef, params: dict[str, Any], woven: list[Technique]
) -> tuple[Any, int]:
    """The model without weights, as the techniques leave it, and how many of its parameters are trained."""
    skeleton = task.skeleton(folder, data.labels, params)
    run = RunContext(model=skeleton, gives=task.gives, settings=params, labels=data.labels)
    for technique in woven:
        if isinstance(technique, PreparesModel):
            skeleton = technique.prepare_model(skeleton, run)
    trained = sum(item.numel() for item in skeleton.parameters() if item.requires_grad)
    if not trained:
        raise ModelError("plan.nothing", key=", ".join(item.key for item in woven))
    return skeleton, trained


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "?"


__all__ = ["mean_length", "order", "plan", "positions", "read_tokens"]
