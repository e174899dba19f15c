"""Both arms of a test see the same rows in the same order, whatever else of their tables differs.

What a pair of runs shares falls out of their difference, so a test with the same seeds sees smaller gains. The order of
an epoch is drawn from the run's seed and the epoch's number alone. It is another one where the arms' tables differ in
how many rows a step has (batch_size times gradient_accumulation_steps, while rows of like length go together),
in the length that is read or in that bucketing itself, and where a technique brings rows or an order of its own.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.test_techniques import AT_ONCE, KEYS, candidates
from tests.ground import Ground
from tunebook.core.errors import TunebookError
from tunebook.core.params import build
from tunebook.core.registry import techniques
from tunebook.engine.batching import StepSampler
from tunebook.engine.fit import Fit

OWN_ROWS = {"curriculum", "multi_task", "replay", "self_training", "setfit"}
# Rows of the table that have no say in the order; each away from its default.
OTHER_ROWS: list[dict[str, Any]] = [
    {"learning_rate": 1e-5}, {"optimizer": "sgd"}, {"lr_scheduler": "cosine"}, {"warmup_steps": 3}, {"dropout": 0.5},
    {"max_epochs": 5, "max_steps": None}, {"max_steps": 9}, {"eval_every": 1}, {"early_stopping_patience": None},
    {"weight_decay": 0.3}, {"label_smoothing": 0.2}, {"class_weights": "balanced"}, {"metric": "macro_f1"},
    {"batch_size": 4, "gradient_accumulation_steps": 2}, {"precision": "bf16"}, {"gradient_checkpointing": True},
]  # fmt: skip


def orders(fit: Fit) -> list[list[int]]:
    """The book's row numbers of each step of three epochs."""
    sampler, numbers, found = fit._sampler(), fit.view.rows.fixed["row"], []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        found += [numbers[step].tolist() for step in sampler.steps()]
    return found


@pytest.fixture(scope="module")
def bare(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> list[list[int]]:
    return orders(ground.fit(tmp_path_factory.mktemp("bare"), ground.plan({}, **AT_ONCE)))


def fits(key: str, ground: Ground, folder: Path) -> list[Fit]:
    """Trainings with every set of rows of a technique that may stand in a table."""
    found = []
    for given in candidates(key):
        with suppress(TunebookError):
            made = ground.plan({key: build(techniques()[key], given).model_dump()}, **AT_ONCE)
            found.append(ground.fit(folder, made))
    return found


@pytest.mark.parametrize("key", KEYS)
def test_a_technique_leaves_the_order_alone(key: str, ground: Ground, bare: Any, tmp_path: Path) -> None:
    same = [orders(fit) == bare for fit in fits(key, ground, tmp_path)]
    assert same and all(same) == (key not in OWN_ROWS)


@pytest.mark.parametrize("rows", OTHER_ROWS, ids=lambda rows: next(iter(rows)))
def test_other_rows_leave_the_order_alone(rows: dict[str, Any], ground: Ground, bare: Any, tmp_path: Path) -> None:
    assert orders(ground.fit(tmp_path, ground.plan({}, **{**AT_ONCE, **rows}))) == bare


@pytest.mark.parametrize("rows", [{"seed": 6}, {"batch_size": 4}, {"length_bucketing": "off"}], ids=str)
def test_these_rows_do_not(rows: dict[str, Any], ground: Ground, bare: Any, tmp_path: Path) -> None:
    assert orders(ground.fit(tmp_path, ground.plan({}, **{**AT_ONCE, **rows}))) != bare


def test_without_bucketing_a_larger_step_takes_the_same_rows_in_turn(ground: Ground, tmp_path: Path) -> None:
    off = {**AT_ONCE, "length_bucketing": "off"}
    flat = [
        [row for step in orders(ground.fit(tmp_path, ground.plan({}, **off, batch_size=size))) for row in step]
        for size in (4, 8, 16)
    ]
    assert flat[0] == flat[1] == flat[2]


DRAWING = {key for key in KEYS if techniques()[key].draws}


@pytest.mark.parametrize("key", [*sorted(DRAWING - OWN_ROWS), "vat", "r_drop", "dropout"])
def test_what_is_trained_on_is_that_order_whatever_draws_beside_it(
    key: str, ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the rows go into the model, not as they were planned: draws of a technique move torch's generator only."""
    passed: list[list[int]] = []
    stock = StepSampler.__iter__

    def watched(self: StepSampler) -> Any:
        for rows in stock(self):
            passed.append(rows)
            yield rows

    monkeypatch.setattr(StepSampler, "__iter__", watched)
    ground.fit(tmp_path / "bare", ground.plan({}, **AT_ONCE)).run()
    alone, passed = passed, []
    dropped = ground.fit(tmp_path / "with", ground.plan({}, **AT_ONCE, dropout=0.4))
    (dropped if key == "dropout" else fits(key, ground, tmp_path / "with")[0]).run()
    assert passed == alone and len(alone) >= 4
