"""Each schedule's rate at each step against its formula, also in a run that stops and goes on; what is refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback, get_scheduler

from tests import small
from tests.engine.test_fit import BombError, bomb, fit, plan
from tunebook.core.errors import PlanError
from tunebook.core.nouns import Plan
from tunebook.core.settings import Filled, Settings
from tunebook.engine.arguments import training_arguments
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.schedule import SCHEDULES, check_steps, schedule
from tunebook.engine.track import read_history

PEAK, STEPS, WARM = 2e-3, 20, 4


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


class Rates(TrainerCallback):  # type: ignore[misc]
    """The rate with which each step is taken, of every group."""

    def __init__(self) -> None:
        self.seen: dict[int, list[float]] = {}

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, optimizer: Any = None, **_: Any) -> None:
        self.seen[state.global_step] = [group["lr"] for group in optimizer.param_groups]


def after_warmup(shape: Callable[[float], float]) -> Callable[[int], float]:
    """A rate that rises in a line and then goes as a function of the share of the rest that is done."""
    return lambda step: step / WARM if step < WARM else shape((step - WARM) / (STEPS - WARM))


def wsd(step: int, share: float, least: float) -> float:
    fall = math.ceil(STEPS * share)
    if step < WARM:
        return least + (1 - least) * step / WARM
    return 1.0 if step < STEPS - fall else least + (1 - least) * (1 - math.sqrt((step - (STEPS - fall)) / fall))


CURVES: list[tuple[dict[str, Any], Callable[[int], float]]] = [
    ({"lr_scheduler": "constant"}, after_warmup(lambda done: 1.0)),
    ({"lr_scheduler": "linear"}, after_warmup(lambda done: 1 - done)),
    ({"lr_scheduler": "linear", "lr_min_ratio": 0.25}, after_warmup(lambda done: 0.25 + 0.75 * (1 - done))),
    ({"lr_scheduler": "cosine"}, after_warmup(lambda done: (1 + math.cos(math.pi * done)) / 2)),
    (
        {"lr_scheduler": "cosine", "lr_min_ratio": 0.1},
        after_warmup(lambda done: 0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2),
    ),
    (
        {"lr_scheduler": "cosine_with_restarts"},
        after_warmup(lambda done: (1 + math.cos(math.pi * (2 * done % 1))) / 2),
    ),
    (
        {"lr_scheduler": "cosine_with_restarts", "lr_cycles": 4},
        after_warmup(lambda done: (1 + math.cos(math.pi * (4 * done % 1))) / 2),
    ),
    ({"lr_scheduler": "polynomial"}, after_warmup(lambda done: (1 - done) ** 2)),
    (
        {"lr_scheduler": "polynomial", "lr_power": 0.5, "lr_min_ratio": 0.2},
        after_warmup(lambda done: 0.2 + 0.8 * math.sqrt(1 - done)),
    ),
    ({"lr_scheduler": "wsd"}, lambda step: wsd(step, 0.2, 0.0)),
    ({"lr_scheduler": "wsd", "lr_decay_ratio": 0.5, "lr_min_ratio": 0.1}, lambda step: wsd(step, 0.5, 0.1)),
]


def curve(rows: dict[str, Any]) -> Plan:
    params = {"learning_rate": PEAK, "max_steps": STEPS, "warmup_steps": WARM, "eval_every": 5, **rows}
    return plan({"layer_decay": {"rate": 0.5}}, early_stopping_patience=None, **params)


@pytest.mark.parametrize(
    ("rows", "factor"), CURVES, ids=lambda item: "-".join(map(str, item.values())) if isinstance(item, dict) else ""
)
def test_the_rate_at_every_step(rows: dict[str, Any], factor: Callable[[int], float], tmp_path: Path) -> None:
    made = curve(rows)
    check_steps(made.params, STEPS)
    args = training_arguments(made, tmp_path, "fp32")
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    groups = [{"params": [weight], "lr": PEAK * share} for weight, share in zip(weights, (1.0, 0.25), strict=True)]
    optimizer = torch.optim.AdamW(groups, lr=PEAK)
    scheduler = get_scheduler(args.lr_scheduler_type, optimizer, WARM, STEPS, args.lr_scheduler_kwargs)
    for step in range(STEPS):
        wanted = PEAK * factor(step)
        assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([wanted, wanted / 4], rel=1e-9)
        optimizer.step()
        scheduler.step()


@pytest.mark.parametrize("number", [6, 10])
def test_a_run_goes_on_with_the_same_rates(number: int, model: Path, tmp_path: Path) -> None:
    rows, factor = CURVES[number]
    whole, parts = Rates(), Rates()
    fit(model, tmp_path / "whole", curve(rows), callbacks=[whole]).run()
    with pytest.raises(BombError):
        fit(model, tmp_path / "parts", curve(rows), callbacks=[bomb(13)]).run()
    fit(model, tmp_path / "parts", curve(rows), callbacks=[parts]).run(last_checkpoint(tmp_path / "parts"))
    highest = [max(whole.seen[step]) for step in range(STEPS)]
    assert highest == pytest.approx([PEAK * factor(step) for step in range(STEPS)], rel=1e-9, abs=1e-12)
    assert min(whole.seen[WARM]) == pytest.approx(highest[WARM] * 0.5**4), "each group in proportion"
    assert parts.seen == {step: whole.seen[step] for step in range(10, STEPS)}


def by_hand(scores: list[float], patience: int, factor: float) -> list[float]:
    """Factor of the rate after each look."""
    best, waited, now, out = -math.inf, 0, 1.0, []
    for score in scores:
        waited = 0 if score > best else waited + 1
        best = max(best, score)
        if waited == patience:
            now, waited = now * factor, 0
        out.append(now)
    return out


@pytest.mark.parametrize(("rows", "patience", "factor"), [({}, 1, 0.5), ({"lr_patience": 2, "lr_factor": 0.1}, 2, 0.1)])
def test_plateau_cuts_the_rate_after_looks_that_got_no_better(
    rows: dict[str, Any], patience: int, factor: float, model: Path, tmp_path: Path
) -> None:
    params = {"lr_scheduler": "plateau", "learning_rate": PEAK, "max_steps": STEPS, "warmup_steps": 0, "eval_every": 2}
    made = plan({"layer_decay": {"rate": 0.5}}, early_stopping_patience=None, **params, **rows)
    check_steps(made.params, STEPS)
    whole, parts = Rates(), Rates()
    fit(model, tmp_path / "whole", made, callbacks=[whole]).run()
    history = read_history(tmp_path / "whole" / "metrics.jsonl")
    looks = [entry["eval_accuracy"] for entry in history if "eval_accuracy" in entry]
    expected = [1.0, *by_hand(looks, patience, factor)]
    assert min(expected) < 1, "the case must show a cut"
    assert [max(whole.seen[step]) for step in range(STEPS)] == pytest.approx(
        [PEAK * expected[step // 2] for step in range(STEPS)]
    )
    assert all(min(rates) == pytest.approx(max(rates) / 16) for rates in whole.seen.values())
    with pytest.raises(BombError):
        fit(model, tmp_path / "parts", made, callbacks=[bomb(13)]).run()
    fit(model, tmp_path / "parts", made, callbacks=[parts]).run(last_checkpoint(tmp_path / "parts"))
    assert parts.seen == {step: whole.seen[step] for step in range(12, STEPS)}
    assert history == read_history(tmp_path / "parts" / "metrics.jsonl")


def test_every_choice_of_the_table_has_its_rows() -> None:
    choices = Settings.model_fields["lr_scheduler"].annotation.__args__  # type: ignore[union-attr]
    assert set(SCHEDULES) == set(choices)
    rows = {row for used in SCHEDULES.values() for row in used}
    assert rows == {name for name in Settings.model_fields if name.startswith("lr_")} - {"lr_scheduler"}


def settings(**rows: Any) -> Filled:
    return small.filled(**{"warmup_steps": 2, **rows})


@pytest.mark.parametrize(
    ("rows", "code", "key"),
    [
        ({"warmup_steps": 20}, "plan.warmup", "warmup_steps"),
        ({"eval_every": 21}, "plan.eval_every", "eval_every"),
        ({"lr_cycles": 3}, "schedule.row", "lr_cycles"),
        ({"lr_scheduler": "constant", "lr_min_ratio": 0.1}, "schedule.row", "lr_min_ratio"),
        ({"lr_scheduler": "cosine", "lr_power": 1.0}, "schedule.row", "lr_power"),
        ({"lr_scheduler": "plateau", "lr_decay_ratio": 0.1}, "schedule.row", "lr_decay_ratio"),
        ({"lr_scheduler": "plateau"}, "schedule.warmup", "warmup_steps"),
        ({"lr_scheduler": "plateau", "warmup_steps": 0, "lr_patience": 3}, "schedule.patience", "lr_patience"),
        (
            {"lr_scheduler": "plateau", "warmup_steps": 0, "early_stopping_patience": 1},
            "schedule.patience",
            "lr_patience",
        ),
        ({"lr_scheduler": "wsd", "lr_decay_ratio": 0.95}, "schedule.decay", "lr_decay_ratio"),
    ],
)
def test_what_does_not_fit_is_refused(rows: dict[str, Any], code: str, key: str) -> None:
    with pytest.raises(PlanError) as caught:
        check_steps(settings(**rows), 20)
    assert (caught.value.code, caught.value.key) == (code, key)
    assert caught.value.message and caught.value.advice and caught.value.allowed


@pytest.mark.parametrize(
    "rows",
    [
        {"eval_every": 20},
        {"warmup_steps": 19},
        {"lr_scheduler": "plateau", "warmup_steps": 0},
        {"lr_scheduler": "plateau", "warmup_steps": 0, "lr_patience": 9, "early_stopping_patience": None},
        {"lr_scheduler": "wsd", "lr_decay_ratio": 0.9},
    ],
)
def test_what_fits(rows: dict[str, Any]) -> None:
    check_steps(settings(**rows), 20)


def test_the_share_that_is_named_fits() -> None:
    with pytest.raises(PlanError) as caught:
        check_steps(settings(lr_scheduler="wsd", lr_decay_ratio=0.99, warmup_steps=7), 22)
    share = float(caught.value.allowed.rpartition(" ")[2])
    check_steps(settings(lr_scheduler="wsd", lr_decay_ratio=share, warmup_steps=7), 22)


def test_a_plan_from_before_these_rows_has_the_schedule_it_had() -> None:
    old = Filled(max_length=8, warmup_steps=0, lr_scheduler="cosine")
    assert old.model_dump() == {"max_length": 8, "warmup_steps": 0, "lr_scheduler": "cosine"}
    assert schedule(old, 20) == ("cosine", {})
