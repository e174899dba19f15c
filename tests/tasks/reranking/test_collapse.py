"""A training whose scores have collapsed is stopped with the reason, one that only begins flat is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts import test_rank_techniques
from tests.engine.test_fit import BombError, bomb
from tests.ground import Ground
from tunebook.core.errors import RunError
from tunebook.engine.outcome import last_checkpoint

ground = test_rank_techniques.ground


def test_scores_that_stay_alike_stop_the_run(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan(max_steps=8, eval_every=1, learning_rate=1e-12, early_stopping_patience=None)
    with pytest.raises(RunError) as caught:
        ground.fit(tmp_path, made).run()
    assert caught.value.code == "run.collapsed" and caught.value.key == "learning_rate"
    lines = (tmp_path / "metrics.jsonl").read_text("utf-8").splitlines()
    assert sum("eval_spread" in line for line in lines) == 3
    assert "3 looks in a row" in caught.value.message


def test_a_model_that_tells_passages_apart_goes_on(
    ground: Ground,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spreads = iter([0.0, 0.0, 0.5, 0.0, 0.0, float("nan"), 0.0, 0.0])
    monkeypatch.setattr("tunebook.tasks.reranking.Reranking.spread", lambda self, answers: next(spreads))
    made = ground.plan(max_steps=8, eval_every=1, early_stopping_patience=None)
    assert ground.fit(tmp_path, made).run().steps == 8


def test_a_resumed_run_counts_the_looks_before(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan(max_steps=8, eval_every=1, learning_rate=1e-12, early_stopping_patience=None)
    with pytest.raises(BombError):
        ground.fit(tmp_path, made, callbacks=[bomb(2)]).run()
    with pytest.raises(RunError) as caught:
        ground.fit(tmp_path, made).run(last_checkpoint(tmp_path))
    assert caught.value.code == "run.collapsed"
    assert '"step": 3' in (tmp_path / "metrics.jsonl").read_text("utf-8")
    assert '"step": 4' not in (tmp_path / "metrics.jsonl").read_text("utf-8")
