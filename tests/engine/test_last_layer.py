"""A training whose last layer reads for the first token alone is the same training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.engine.test_fit import plan
from tests.engine.test_frozen import largest, train
from tunebook.engine import last_layer
from tunebook.engine.last_layer import KEY, first_token_only, lighter
from tunebook.engine.outcome import Outcome
from tunebook.nets.first_token import LastLayer


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.base_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Of each pass whether it was a short one."""
    seen: list[bool] = []
    begin = LastLayer._begin

    def told(self: LastLayer, *of: Any) -> None:
        begin(self, *of)
        seen.append(self.short)

    monkeypatch.setattr(LastLayer, "_begin", told)
    return seen


def train_whole(model: Path, folder: Path, made: Any) -> Outcome:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(last_layer, "first_alone", lambda *_: None)
        return train(model, folder, made)


@pytest.mark.parametrize(
    "used", [{}, {"fgm": {}}, {"ema": {}}, {"lora": {}}, {"layer_decay": {}}, {"freeze": {"layers": 1}}]
)
def test_losses_scores_and_weights_are_the_same(
    model: Path, tmp_path: Path, used: dict[str, Any], passes: list[bool]
) -> None:
    short = train(model, tmp_path / "short", plan(used, dropout=0.0, attention_dropout=0.0))
    assert passes and all(passes)
    assert short.counters[KEY] == {"first_token": 1}
    whole = train_whole(model, tmp_path / "whole", plan(used, dropout=0.0, attention_dropout=0.0))
    assert KEY not in whole.counters
    if "lora" not in used:  # whose weights are merged
        assert largest(tmp_path / "short", tmp_path / "whole") < 1e-5


def test_a_technique_that_hangs_on_layers_sees_all_tokens(model: Path, tmp_path: Path, passes: list[bool]) -> None:
    used = {"mixup": {"layer": 3}}
    train(model, tmp_path / "short", plan(used, dropout=0.0, attention_dropout=0.0))
    assert True in passes and False in passes, "looks are short, steps are whole"
    train_whole(model, tmp_path / "whole", plan(used, dropout=0.0, attention_dropout=0.0))
    assert largest(tmp_path / "short", tmp_path / "whole") < 1e-5


def test_what_is_computed_again_for_the_way_back_is_whole(model: Path, tmp_path: Path, passes: list[bool]) -> None:
    outcome = train(model, tmp_path / "run", plan(gradient_checkpointing=True))
    assert KEY not in outcome.counters and not passes
    assert lighter.__doc__ and first_token_only.__doc__
