"""What every technique owes: it acts, steps are the same however rows are split, a resume is as if never stopped.

A technique's own test says what these suites cannot know, in plain constants: `ACTS`, rows with which it does something
within four steps (else its defaults, or one row changed, are tried), and `NEUTRAL`, rows with which it changes nothing.
Of what is alike for most techniques (bf16, teams) some are drawn; `make check-all` tries each.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.drawn import drawn
from tests.engine.test_fit import BombError, bomb
from tests.ground import FIRST, MORE, OTHER, Ground, wants_past, weights
from tunebook.core.errors import TunebookError
from tunebook.core.nouns import Plan
from tunebook.core.params import build, declarations
from tunebook.core.registry import tasks, techniques
from tunebook.core.technique import GroupsParams, Listens, PreparesData, PreparesModel, Scores, WrapsLoss
from tunebook.engine import fit
from tunebook.engine.continual import build_model
from tunebook.engine.last_layer import lighter
from tunebook.engine.outcome import Outcome, last_checkpoint
from tunebook.engine.track import read_history

EVERY = sorted(techniques())
# Those that this ground's task can have; the others are in test_token_techniques and test_rank_techniques.
KEYS = [key for key in EVERY if techniques()[key].needs - {"past"} <= tasks()["text_classification"].gives]
NO_DROPOUT = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
SHORT = {"max_steps": 4, "eval_every": 2}
AT_ONCE = {**SHORT, "warmup_steps": 0}  # else nothing has moved before the second step
IN_FLOAT32 = ("dann", "multi_task", "si")  # heads and sums of their own, whatever the model's precision
JOIN_POINTS = (PreparesData, PreparesModel, GroupsParams, WrapsLoss, Listens, Scores)
Bare = Callable[..., dict[str, torch.Tensor]]
# What coverage counts is what each technique's own test reaches; to watch hundreds of trainings more costs minutes.
pytestmark = pytest.mark.no_cover


def own(key: str, name: str) -> Any:
    """A constant of a technique's test; None where it has none, or the technique belongs to another package."""
    try:
        return getattr(import_module(f"tests.techniques.test_{key}"), name, None)
    except ModuleNotFoundError:
        return None


NEUTRAL = {key: own(key, "NEUTRAL") for key in KEYS if own(key, "NEUTRAL") is not None}


def candidates(key: str) -> Iterator[dict[str, Any]]:
    """What its test says; the defaults; then one row changed: a number up by one step, a switch, each choice."""
    if own(key, "ACTS") is not None:
        yield own(key, "ACTS")
    rows = declarations(techniques()[key])
    places = {row.field: {"file": MORE, "run": FIRST, "book": [OTHER]}[row.row.input] for row in rows if row.row.input}
    yield places
    for row in rows:
        if isinstance(row.default, bool):
            yield {**places, row.field: not row.default}
        elif isinstance(row.default, int):
            yield {**places, row.field: row.default + 1}
        for choice in row.choices:
            yield {**places, row.field: choice}


@dataclass(frozen=True)
class Trial:
    """Rows with which a technique does anything, and what a short training with them did."""

    rows: dict[str, Any]
    counters: dict[str, dict[str, float]]
    weights: dict[str, torch.Tensor]


_TRIALS: dict[str, Trial] = {}


def trial(key: str, ground: Ground, folder: Path) -> Trial:
    """A training with the first candidate with which the technique does anything; only once for all tests."""
    for given in [] if key in _TRIALS else candidates(key):
        try:
            values = build(techniques()[key], given).model_dump()
            made = ground.plan({key: values}, **AT_ONCE)
            outcome = ground.fit(folder / "try", made).run()
        except TunebookError:
            continue
        _TRIALS[key] = Trial(values, outcome.counters, weights(folder / "try", made))
        break
    return _TRIALS[key]


def rows(key: str, ground: Ground, folder: Path) -> dict[str, Any]:
    """The first candidate with which the technique does anything."""
    return trial(key, ground, folder).rows


@pytest.fixture(scope="module")
def bare(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    """The model that a short training would leave without a technique, from where the technique would start."""

    @cache
    def left(continues: bool, **settings: int) -> dict[str, torch.Tensor]:
        folder = tmp_path_factory.mktemp("bare")
        made = ground.plan({}, continues=continues, **settings)
        ground.fit(folder, made).run()
        return weights(folder, made)

    return lambda key, **settings: left(wants_past(key), **settings)


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("key", EVERY)
def test_a_technique_has_a_join_point_and_a_word_on_itself(key: str) -> None:
    kind = techniques()[key]
    made = kind.model_construct()
    assert (kind.beside or set()) <= set(EVERY)
    assert any(isinstance(made, point) for point in JOIN_POINTS)
    assert kind.__doc__ and "Source:" in kind.__doc__ and "Cost:" in kind.__doc__
    assert kind.conflicts | kind.after <= set(EVERY)
    assert key not in kind.conflicts | kind.after
    assert declarations(kind)


@pytest.mark.parametrize("key", KEYS)
def test_it_acts_and_changes_the_training(key: str, ground: Ground, bare: Bare, tmp_path: Path) -> None:
    found = trial(key, ground, tmp_path)
    assert any(found.counters[key].values())
    assert not same(found.weights, bare(key, **AT_ONCE))


@pytest.mark.parametrize("key", NEUTRAL)
def test_without_strength_it_is_as_good_as_absent(key: str, ground: Ground, bare: Bare, tmp_path: Path) -> None:
    made = ground.plan({key: build(techniques()[key], NEUTRAL[key]).model_dump()}, continues=wants_past(key), **SHORT)
    training = ground.fit(tmp_path, made)
    trainer = training.prepare()
    with lighter(trainer, training.texts):
        trainer.train()
    training.keep(trainer)  # run() would refuse a technique that did nothing
    assert same(weights(tmp_path, made), bare(key, **SHORT))


SEARCHED = {
    key: {row.field: NEUTRAL[key][row.field]}
    for key in NEUTRAL
    for row in declarations(techniques()[key])
    if row.row.search and row.row.search.low <= NEUTRAL[key].get(row.field, math.nan) <= row.row.search.high
}


@pytest.mark.parametrize("key", SEARCHED)
def test_a_value_that_a_search_may_try_fails_no_run(key: str, ground: Ground, tmp_path: Path) -> None:
    """Though it has no strength, the run counts it as there."""
    given = {name: value for name, value in NEUTRAL[key].items() if isinstance(value, str)} | SEARCHED[key]
    made = ground.plan({key: build(techniques()[key], given).model_dump()}, continues=wants_past(key), **SHORT)
    assert any(ground.fit(tmp_path, made).run().counters[key].values())


@contextmanager
def in_float64() -> Iterator[None]:
    """Inside, models are trained in float64: what float32 rounds away differs from one processor to another, by up to a
    hundredth of a step where a statistic of nearly equal features is divided by their spread."""
    before = torch.get_default_dtype()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "build_model", lambda *given: build_model(*given).double())
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(before)


def check_resume(used: dict[str, dict[str, Any]], ground: Ground, folder: Path, **settings: Any) -> Outcome:
    """A run that is stopped in its fourth step and taken up again leaves the weights, counters and history of one that
    was not; what the latter gave."""
    made = ground.plan(used, **{**settings, "max_steps": 6, "eval_every": 3})
    whole = ground.fit(folder / "whole", made).run()
    with pytest.raises(BombError):
        ground.fit(folder / "parts", made, callbacks=[bomb(4)]).run()
    parts = ground.fit(folder / "parts", made).run(last_checkpoint(folder / "parts"))
    assert same(weights(folder / "whole", made), weights(folder / "parts", made))
    assert finite(folder / "whole", made) and parts.counters == whole.counters
    assert read_history(folder / "whole" / "metrics.jsonl") == read_history(folder / "parts" / "metrics.jsonl")
    return whole


def check_split(used: dict[str, dict[str, Any]], ground: Ground, folder: Path, rtol: float, atol: float) -> None:
    """Three steps of 16 rows at once, and of four times four, leave the same losses and weights."""
    common = {"max_steps": 3, "eval_every": 3, "optimizer": "sgd", "learning_rate": 0.1, **NO_DROPOUT}
    parts = {
        "whole": ground.plan(used, batch_size=16, **common),
        "split": ground.plan(used, batch_size=4, gradient_accumulation_steps=4, **common),
    }
    for name, made in parts.items():
        ground.fit(folder / name, made).run()
    whole, split = (read_history(folder / name / "metrics.jsonl") for name in parts)
    assert len(whole) == len(split)
    aside = {"epoch"} if rtol < 1e-4 else {"epoch", "eval_auc"}  # which moves by steps as two rows change places
    for one, other in zip(whole, split, strict=True):
        assert {k: v for k, v in one.items() if k not in aside} == pytest.approx(
            {k: v for k, v in other.items() if k not in aside}, rel=1e-3
        )
    one, other = (weights(folder / name, made) for name, made in parts.items())
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=rtol, atol=atol, msg=name)


@pytest.mark.parametrize("key", [key for key in KEYS if not techniques()[key].draws and key not in IN_FLOAT32])
def test_the_step_does_not_depend_on_how_its_rows_are_split(key: str, ground: Ground, tmp_path: Path) -> None:
    used = {key: rows(key, ground, tmp_path)}
    with in_float64():
        check_split(used, ground, tmp_path, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("key", IN_FLOAT32)
def test_nor_where_a_technique_has_parts_in_float32(key: str, ground: Ground, tmp_path: Path) -> None:
    check_split({key: rows(key, ground, tmp_path)}, ground, tmp_path, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("key", [key for key in KEYS if techniques()[key].draws])
def test_what_draws_at_random_has_the_same_loss_in_expectation(key: str, ground: Ground, tmp_path: Path) -> None:
    """Mean loss of one step over many draws, its rows in one pass or in four."""
    made = ground.plan({key: rows(key, ground, tmp_path)}, max_steps=3, eval_every=3, **NO_DROPOUT)
    training = ground.fit(tmp_path / "run", made)
    trainer = training.prepare()
    trainer.weave.tell("start")
    trainer.model.train()

    def loss(sizes: int) -> list[float]:
        parts = [range(start, start + sizes) for start in range(0, 16, sizes)]
        batches = [training.task.collate(training.view.rows, part, 0) for part in parts]
        total = sum(training.criterion.items(batch) for batch in batches)
        draws = []
        for _ in range(80):
            shares = [trainer.compute_loss(trainer.model, batch, num_items_in_batch=total) for batch in batches]
            draws.append(float(torch.stack([share.detach() for share in shares]).sum()))
        return draws

    whole, split = torch.tensor(loss(16)), torch.tensor(loss(4))
    error = float((whole.var() / len(whole) + split.var() / len(split)).sqrt())
    assert abs(float(whole.mean() - split.mean())) < 4 * error + 1e-4


@pytest.mark.parametrize("key", [key for key in KEYS if not techniques()[key].solves])  # those end after a step
def test_a_resume_is_as_if_never_stopped(key: str, ground: Ground, tmp_path: Path) -> None:
    check_resume({key: rows(key, ground, tmp_path)}, ground, tmp_path)


@pytest.mark.parametrize("key", drawn(KEYS, 20))
def test_bf16(key: str, ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({key: rows(key, ground, tmp_path)}, max_steps=4, eval_every=2, precision="bf16")
    assert any(ground.fit(tmp_path / "run", made).run().counters[key].values())
    assert finite(tmp_path / "run", made)


def finite(folder: Path, made: Plan) -> bool:
    return all(torch.isfinite(value).all() for value in weights(folder, made).values())


def together(one: str, other: str) -> bool:
    """Whether nothing says that two techniques exclude each other."""
    return not techniques()[one].excludes(techniques()[other])


def teams(keys: list[str], most: int = 8) -> list[tuple[str, ...]]:
    """Few sets of techniques that go together, in which every pair of them that does so is found."""
    left = {pair for pair in combinations(keys, 2) if together(*pair)}
    found = []
    while left:
        team = list(min(left))
        while len(team) < most:
            fits = [key for key in keys if key not in team and all(together(key, member) for member in team)]
            gain = {key: sum(tuple(sorted((key, member))) in left for member in team) for key in fits}
            if not any(gain.values()):
                break
            team.append(max(gain, key=lambda key: (gain[key], key)))
        left -= set(combinations(sorted(team), 2))
        found.append(tuple(sorted(team)))
    return found


@pytest.mark.parametrize("team", drawn(teams(KEYS), 20), ids="+".join)
def test_it_goes_with_every_technique_that_it_does_not_exclude(
    team: tuple[str, ...], ground: Ground, tmp_path: Path
) -> None:
    used = {key: rows(key, ground, tmp_path) for key in team}
    made = ground.plan(used, max_steps=4, eval_every=2)
    outcome = ground.fit(tmp_path / "run", made).run()
    assert {key for key in team if not any(outcome.counters.get(key, {}).values())} == set()
    assert finite(tmp_path / "run", made)


def test_every_pair_that_goes_together_is_in_a_team() -> None:
    assert {pair for team in teams(KEYS) for pair in combinations(team, 2)} == {
        pair for pair in combinations(KEYS, 2) if together(*pair)
    }
