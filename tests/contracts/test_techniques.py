"""What every technique owes: it acts, steps are the same however rows are split, a resume is as if never stopped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small
from tests.engine.test_fit import BombError, bomb, fit, plan, weights
from tunebook.core.errors import TunebookError
from tunebook.core.params import build, declarations
from tunebook.core.registry import techniques
from tunebook.core.technique import GroupsParams, Listens, PreparesData, PreparesModel, WrapsLoss
from tunebook.engine.fit import last_checkpoint
from tunebook.engine.track import read_history

KEYS = sorted(techniques())
NO_DROPOUT = {"dropout": 0.0, "attention_dropout": 0.0, "classifier_dropout": 0.0}
NEUTRAL: dict[str, dict[str, Any]] = {"layer_decay": {"rate": 1.0}}  # values with which a technique changes nothing


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


def candidates(key: str) -> Iterator[dict[str, Any]]:
    """The defaults; then one row changed at a time: a number up by one step, a switch, each choice."""
    yield {}
    for row in declarations(techniques()[key]):
        if isinstance(row.default, bool):
            yield {row.field: not row.default}
        elif isinstance(row.default, int):
            yield {row.field: row.default + 1}
        for choice in row.choices:
            yield {row.field: choice}


_ROWS: dict[str, dict[str, Any]] = {}


def rows(key: str, model: Path, folder: Path) -> dict[str, Any]:
    """The first candidate with which the technique does anything."""
    for given in [] if key in _ROWS else candidates(key):
        values = build(techniques()[key], given).model_dump()
        try:
            fit(model, folder / "try", plan({key: values}, max_steps=1, eval_every=1)).run()
        except TunebookError:
            continue
        _ROWS[key] = values
        break
    return _ROWS[key]


@pytest.mark.parametrize("key", KEYS)
def test_a_technique_has_a_join_point_and_a_word_on_itself(key: str) -> None:
    kind = techniques()[key]
    made = kind.model_construct()
    assert any(isinstance(made, point) for point in (PreparesData, PreparesModel, GroupsParams, WrapsLoss, Listens))
    assert kind.__doc__ and "Source:" in kind.__doc__
    assert kind.conflicts | kind.after <= set(KEYS)
    assert key not in kind.conflicts | kind.after
    assert declarations(kind)


@pytest.mark.parametrize("key", KEYS)
def test_it_acts_and_changes_the_training(key: str, model: Path, tmp_path: Path) -> None:
    made = plan({key: rows(key, model, tmp_path)}, max_steps=4, eval_every=4)
    outcome = fit(model, tmp_path / "with", made).run()
    assert any(outcome.counters[key].values())
    fit(model, tmp_path / "without", plan(max_steps=4, eval_every=4)).run()
    with_it, without = weights(tmp_path / "with"), weights(tmp_path / "without")
    assert any(not torch.equal(with_it[name], without[name]) for name in without)


@pytest.mark.parametrize("key", NEUTRAL)
def test_without_strength_it_is_as_good_as_absent(key: str, model: Path, tmp_path: Path) -> None:
    fit(model, tmp_path / "with", plan({key: NEUTRAL[key]}, max_steps=4, eval_every=2)).run()
    fit(model, tmp_path / "without", plan(max_steps=4, eval_every=2)).run()
    with_it, without = weights(tmp_path / "with"), weights(tmp_path / "without")
    assert all(torch.equal(with_it[name], without[name]) for name in without)


@pytest.mark.parametrize("key", KEYS)
def test_the_step_does_not_depend_on_how_its_rows_are_split(key: str, model: Path, tmp_path: Path) -> None:
    used = {key: rows(key, model, tmp_path)}
    common = {"max_steps": 3, "eval_every": 3, "optimizer": "sgd", "learning_rate": 0.1, **NO_DROPOUT}
    fit(model, tmp_path / "whole", plan(used, batch_size=16, **common)).run()
    fit(model, tmp_path / "split", plan(used, batch_size=4, gradient_accumulation_steps=4, **common)).run()
    whole, split = (read_history(tmp_path / part / "metrics.jsonl") for part in ("whole", "split"))
    assert len(whole) == len(split)
    for one, other in zip(whole, split, strict=True):
        assert {k: v for k, v in one.items() if k != "epoch"} == pytest.approx(
            {k: v for k, v in other.items() if k != "epoch"}, rel=1e-3
        )
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "split")
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-3, atol=1e-5, msg=name)


@pytest.mark.parametrize("key", KEYS)
def test_a_resume_is_as_if_never_stopped(key: str, model: Path, tmp_path: Path) -> None:
    made = plan({key: rows(key, model, tmp_path)}, max_steps=6, eval_every=3)
    whole = fit(model, tmp_path / "whole", made).run()
    with pytest.raises(BombError):
        fit(model, tmp_path / "parts", made, callbacks=[bomb(4)]).run()
    parts = fit(model, tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "parts")
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert parts.counters == whole.counters
    assert read_history(tmp_path / "whole" / "metrics.jsonl") == read_history(tmp_path / "parts" / "metrics.jsonl")


@pytest.mark.parametrize("key", KEYS)
def test_bf16(key: str, model: Path, tmp_path: Path) -> None:
    made = plan({key: rows(key, model, tmp_path)}, max_steps=3, eval_every=3, precision="bf16")
    assert any(fit(model, tmp_path / "run", made).run().counters[key].values())
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "run").values())


PAIRS = [pair for pair in combinations(KEYS, 2) if pair[1] not in techniques()[pair[0]].conflicts | {""}]
PAIRS = [(one, other) for one, other in PAIRS if one not in techniques()[other].conflicts]


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_it_goes_with_every_technique_that_it_does_not_exclude(
    pair: tuple[str, str], model: Path, tmp_path: Path
) -> None:
    made = plan({key: rows(key, model, tmp_path) for key in pair}, max_steps=3, eval_every=3)
    outcome = fit(model, tmp_path / "run", made).run()
    assert all(any(outcome.counters[key].values()) for key in pair)
    assert all(torch.isfinite(value).all() for value in weights(tmp_path / "run").values())
