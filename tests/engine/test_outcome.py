"""What a training tells at its end, and where it goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import small
from tests.engine.test_fit import BombError, bomb, fit, plan
from tunebook.core.errors import RunError
from tunebook.engine.outcome import last_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


def test_a_checkpoint_that_was_cut_off_is_not_taken(model: Path, tmp_path: Path) -> None:
    with pytest.raises(BombError):
        fit(model, tmp_path, plan(max_steps=10, eval_every=4), callbacks=[bomb(9)]).run()
    (tmp_path / "checkpoints" / "checkpoint-8" / "tunebook_state.pt").unlink()
    found = last_checkpoint(tmp_path)
    assert found is not None and found.name == "checkpoint-4"


def test_a_technique_that_never_acts_fails_the_run(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.techniques.layer_decay import LayerDecay

    monkeypatch.setattr(LayerDecay, "param_groups", lambda self, groups, run: groups)
    with pytest.raises(RunError, match=r"run\.idle"):
        fit(model, tmp_path, plan({"layer_decay": {"rate": 0.9}})).run()


def test_outcome_is_plain(model: Path, tmp_path: Path) -> None:
    outcome = fit(model, tmp_path, plan({"freeze": {"layers": "all"}})).run()
    assert outcome.counters["freeze"]["layers_frozen"] == 3
    assert outcome.trained < outcome.parameters < outcome.stored_bytes
