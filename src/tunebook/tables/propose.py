"""The rules of a proposal, and the first table of a book made by them.

A rule is a function of the case that gives a value with its reason, its source and how sure it is. The rules are
published practice and measurements of our own; the rows that no rule speaks of keep their declared defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tunebook.core.localized import localized
from tunebook.core.messages import has_words
from tunebook.core.nouns import Labels, ParamTable
from tunebook.core.params import Value
from tunebook.core.registry import task_of
from tunebook.tables.advice import Advice
from tunebook.tables.case import FEW_ROWS, VERY_NARROW, Case, Machine, ModelFacts
from tunebook.tables.catalogue import catalogue
from tunebook.tables.make import new_table

IMBALANCE = 10.0
VERY_FEW_ROWS = 1000
HEAD_FACTOR = 10.0
FEW_A_CLASS, FEW_CLASSES = 8, 9  # up to which pairs were worth more than single rows


def advise(case: Case) -> dict[str, Advice]:
    """Row -> advice, of every rule that has something to say on the case; what the task says goes before them."""
    found = {name: advice for name, rule in RULES.items() if (advice := rule(case)) is not None}
    code = "propose.mini_batch" if any(name.endswith(".mini_batch") for name in case.in_parts) else "propose.whole_step"
    whole = localized(code, batch=case.batch), localized("source.memory")
    parts = {name: Advice(value, *whole) for name, value in case.in_parts.items()}
    return {**found, **_of_task(case.task, case.of_task), **parts}


def propose(
    stats: dict[str, Any], labels: Labels, *, rows: int, task: str, model: ModelFacts, machine: Machine
) -> ParamTable:
    """A table whose proposed rows have the proposal as value and recommendation, and say why.

    Args:
        stats: figures of the data, see `Case`.
        rows: number of training rows.
        task: name of the task, for the table's note.
    """
    own, case = task_of(task)(), Case(stats, labels, rows, model, machine, task=task)
    share = own.read_share(stats, _by_owner(case.of_task))
    advice = advise(replace(case, read_share=share))
    values = {name: item.value for name, item in advice.items()}
    return new_table(
        {"base_model": model.name, **values, **({task: True} if own.own else {})},
        recommended=values,
        reasons={name: item.words for name, item in advice.items()},
        note=_note(task, rows, len(labels.names), model.name),
    )


def _note(task: str, rows: int, classes: int, model: str) -> str:
    """For what the table was proposed; rows without classes are not said to have none."""
    told: dict[str, Any] = {"task": _task_name(task), "rows": rows, "model": model}
    return localized("propose.note", **told, classes=classes) if classes else localized("propose.note_plain", **told)


def _of_task(task: str, values: Mapping[str, Value]) -> dict[str, Advice]:
    """What a task proposes of its own; the reason is that of the row, of its technique, or of any row."""
    found, source = {}, localized("source.thumb")
    for name, value in values.items():
        codes = (f"propose.{task}.{name}", f"propose.{task}.{name.partition('.')[0]}", f"propose.{task}")
        found[name] = Advice(value, localized(next(filter(has_words, codes), codes[-1])), source, "low")
    return found


def _by_owner(values: Mapping[str, Value]) -> dict[str, dict[str, Value]]:
    """Key -> rows of each technique of which rows are among these."""
    found: dict[str, dict[str, Value]] = {}
    for name, value in values.items():
        key, _, field = name.partition(".")
        found.setdefault(key, {})[field] = value
    return found


def _task_name(task: str) -> str:
    """A task in the user's language; one of another package by its key."""
    return localized(f"task.{task}") if has_words(f"task.{task}") else task


def _learning_rate(case: Case) -> Advice:
    hidden = case.model.hidden
    if case.model.size == "small":
        return _small_rate(case)
    if case.model.size == "base":
        rate = 5e-5 if case.many_classes else 3e-5
        return Advice(rate, localized("propose.rate_base", hidden=hidden), localized("source.bert"), "high")
    return Advice(
        1e-5 if case.few_rows else 2e-5, localized("propose.rate_large", hidden=hidden), localized("source.roberta")
    )


def _small_rate(case: Case) -> Advice:
    """With few rows 256 wide gained from a higher rate and 384 wide lost by it (benchmarks/results/DEFAULTS.json)."""
    hidden = case.model.hidden
    if case.small_of_tokens:
        return Advice(3e-4, localized("propose.rate_small_tokens", hidden=hidden), _measured("TAGGER_RATES"))
    if case.many_classes:
        return Advice(3e-4, localized("propose.rate_small_classes", hidden=hidden), localized("source.log"))
    if case.rows < VERY_FEW_ROWS and hidden <= VERY_NARROW:
        return Advice(
            3e-4, localized("propose.rate_small_few", hidden=hidden, few=VERY_FEW_ROWS), _measured("DEFAULTS")
        )
    return Advice(1e-4, localized("propose.rate_small", hidden=hidden), localized("source.small"))


def _head_factor(case: Case) -> Advice | None:
    """Where pooler and head both begin at random, a small encoder's own rate leaves them behind; tokens have no
    pooler."""
    if case.small_of_tokens or case.model.size != "small" or not case.model.unpooled or case.model.speaks_mean:
        return None
    return Advice(HEAD_FACTOR, localized("propose.head_factor"), _measured("HEAD_RATE"))


def _pairs(case: Case) -> Advice | None:
    """Very few rows of few classes teach a model of vectors more in pairs than one by one. Of many classes two rows are
    mostly of different ones, which such a model knows already."""
    few = case.rows_a_class <= FEW_A_CLASS and case.classes <= FEW_CLASSES
    if not case.model.speaks_mean or case.labels.kind.classes != "one" or not few or not _room(case, "setfit"):
        return None
    return Advice(
        1,
        localized("propose.setfit", rows=case.rows_a_class, few=FEW_A_CLASS, classes=FEW_CLASSES),
        _measured("FEW_LABELS"),
    )


def _head_start(case: Case) -> Advice | None:
    """A model of vectors is worth much before any training, if the head reads what it was made for."""
    wanted = case.model.speaks_mean and (case.few_rows or case.model.unpooled)
    if not wanted or _pairs(case) is not None or not _room(case, "head_start"):
        return None
    return Advice("auto", localized("propose.head_start"), _measured("HEAD_RATE"))


def _room(case: Case, key: str) -> bool:
    """Whether a technique can stand beside those that the table has."""
    return not case.others or not case.others.intersection(catalogue()[key].excludes)


def _max_epochs(case: Case) -> Advice:
    if _pairs(case) is not None:
        return Advice(case.paired_epochs, localized("propose.epochs_pairs"), _measured("FEW_LABELS"))
    steps = case.epochs * case.steps_per_epoch
    if case.epochs > case.usual_epochs:
        return Advice(
            case.epochs,
            localized("propose.epochs_few", rows=case.rows, steps=steps),
            localized("source.few_rows"),
            "high",
        )
    if case.small_of_tokens:
        return Advice(case.epochs, localized("propose.epochs_tokens", steps=steps), _measured("TAGGER_RATES"))
    if case.many_classes:
        return Advice(case.epochs, localized("propose.epochs_classes", classes=case.classes), localized("source.log"))
    return Advice(case.epochs, localized("propose.epochs", steps=steps), localized("source.bert"), "high")


def _batch_size(case: Case) -> Advice:
    found = case.fitting.batch_size
    if found < case.batch:
        reason = localized("propose.batch_memory", batch=case.batch, room=case.machine.room / 2**30)
        return Advice(found, reason, localized("source.memory"))
    if case.batch < case.usual_batch:
        reason = localized("propose.batch_few", rows=case.rows, batch=case.batch)
        return Advice(found, reason, _measured("BATCHES"))
    return Advice(found, localized("propose.batch", few=FEW_ROWS), localized("source.bert"), "high")


def _accumulation(case: Case) -> Advice:
    passes = case.fitting.gradient_accumulation_steps
    code = "propose.accumulation" if passes > 1 else "propose.accumulation_one"
    return Advice(passes, localized(code, batch=case.batch), localized("source.memory"))


def _checkpointing(case: Case) -> Advice:
    on = case.fitting.gradient_checkpointing
    reason = localized("propose.checkpointing" if on else "propose.checkpointing_off", room=case.machine.room / 2**30)
    return Advice(on, reason, localized("source.memory"))


def _max_length(case: Case) -> Advice | None:
    found, most = case.fitting.max_length, case.model.max_positions
    if found < case.length:
        return Advice(
            found, localized("propose.length_memory", room=case.machine.room / 2**30), localized("source.memory"), "low"
        )
    if (tokens := case.tokens()) is None:
        return None
    if case.edge_bytes:
        return _edge_length(case, tokens)
    code = "propose.length_cut" if tokens > most else "propose.length"
    return Advice(found, localized(code, tokens=tokens, most=most), localized("source.data"), "high")


def _edge_length(case: Case, tokens: int) -> Advice:
    shorter = case.tokens("p95") or tokens
    if case.length < min(shorter, case.model.max_positions):
        return Advice(
            case.length,
            localized("propose.length_edge_memory", room=case.edge_bytes / 2**20),
            localized("source.memory"),
        )
    return Advice(case.length, localized("propose.length_edge", tokens=shorter, most=tokens), localized("source.data"))


def _class_weights(case: Case) -> Advice | None:
    if case.labels.kind.classes != "one":
        return None
    if case.imbalance >= IMBALANCE:
        return Advice("sqrt", localized("propose.weights", ratio=case.imbalance), localized("source.sampling"))
    return Advice("none", localized("propose.weights_none", ratio=case.imbalance), localized("source.thumb"), "low")


def _patience(case: Case) -> Advice:
    epochs = int(str(case.of_task.get("max_epochs", _max_epochs(case).value)))
    looks = 5 if epochs >= 10 else max(min(3, epochs - 1), 1)
    code = "propose.patience" if epochs > looks + 1 else "propose.patience_few"
    return Advice(looks, localized(code, epochs=epochs), localized("source.thumb"), "low")


def _warmup(case: Case) -> Advice:
    return Advice(0.1, localized("propose.warmup"), localized("source.stability"), "high")


def _scheduler(case: Case) -> Advice:
    return Advice("linear", localized("propose.scheduler"), localized("source.stability"), "high")


def _optimizer(case: Case) -> Advice:
    return Advice("adamw", localized("propose.optimizer"), localized("source.bias_correction"), "high")


def _weight_decay(case: Case) -> Advice:
    return Advice(0.01, localized("propose.weight_decay"), localized("source.bert_decay"))


def _smoothing(case: Case) -> Advice:
    return Advice(0.0, localized("propose.smoothing"), localized("source.smoothing"))


def _measured(name: str) -> str:
    return localized("source.measured", file=f"benchmarks/results/{name}.json")


RULES: dict[str, Callable[[Case], Advice | None]] = {
    "learning_rate": _learning_rate,
    "head_rate.factor": _head_factor,
    "head_start.pooling": _head_start,
    "setfit.pairs": _pairs,
    "max_epochs": _max_epochs,
    "batch_size": _batch_size,
    "gradient_accumulation_steps": _accumulation,
    "gradient_checkpointing": _checkpointing,
    "max_length": _max_length,
    "warmup_ratio": _warmup,
    "lr_scheduler": _scheduler,
    "optimizer": _optimizer,
    "weight_decay": _weight_decay,
    "label_smoothing": _smoothing,
    "class_weights": _class_weights,
    "early_stopping_patience": _patience,
}

__all__ = [
    "FEW_A_CLASS",
    "FEW_CLASSES",
    "HEAD_FACTOR",
    "IMBALANCE",
    "RULES",
    "VERY_FEW_ROWS",
    "advise",
    "propose",
]
