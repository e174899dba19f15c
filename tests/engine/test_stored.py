"""A model whose base stayed as it was is kept as what was trained, and comes back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
import torch

from tests import ground as ground_module
from tests.ground import Ground, make_ground, weights
from tunebook.core import registry
from tunebook.core.errors import ModelError
from tunebook.core.params import Row
from tunebook.core.registry import techniques
from tunebook.core.technique import RunContext, Technique
from tunebook.engine import stored
from tunebook.models.source import model_id


class OnlyHead(Technique):
    """Trains the head; a second head helps and is not kept."""

    key: ClassVar[str] = "only_head"
    delta: ClassVar[bool] = True
    extra: Annotated[bool, Row("with a helper", zh="带辅助头")] = True

    def prepare_model(self, model: Any, run: RunContext) -> Any:
        model.requires_grad_(False)
        model.classifier.requires_grad_(True)
        if self.extra:
            model.add_module("extra_head", torch.nn.Linear(2, 2))
        run.noted(self.key, trained=1)
        return model


@pytest.fixture(scope="module")
def own_ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("stored"))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in (registry, ground_module):
        monkeypatch.setattr(place, "techniques", lambda: {**techniques(), "only_head": OnlyHead})


def test_only_what_was_trained_is_kept(own_ground: Ground, tmp_path: Path) -> None:
    made = own_ground.plan({"only_head": {}}, max_steps=4, eval_every=2)
    training = own_ground.fit(tmp_path, made)
    outcome = training.run()
    files = {path.name for path in (tmp_path / "model").glob("*.safetensors")}
    assert files == {stored.TRAINED}
    assert outcome.stored_bytes < 2000 < 4 * outcome.parameters
    assert 0 < outcome.trained < outcome.parameters
    assert hasattr(training.context.model, "extra_head"), "the trainer's model still has it"
    found = weights(tmp_path, made)
    assert torch.equal(found["classifier.weight"], training.context.model.classifier.weight.detach())


def test_a_base_model_that_changed_is_refused(own_ground: Ground, tmp_path: Path) -> None:
    made = own_ground.plan({"only_head": {"extra": False}}, max_steps=2, eval_every=2)
    own_ground.fit(tmp_path, made).run()
    kept = tmp_path / "model" / stored.BASE
    told = json.loads(kept.read_text())
    assert told == {"model": made.model, "model_id": made.model_id}
    kept.write_text(json.dumps({**told, "model_id": "0" * 12}))
    with pytest.raises(ModelError) as caught:
        weights(tmp_path, made)
    assert caught.value.code == "model.base_changed"


def test_weights_that_the_model_has_no_place_for_are_refused(own_ground: Ground, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    made = own_ground.plan({"only_head": {"extra": False}}, max_steps=2, eval_every=2)
    own_ground.fit(tmp_path, made).run()
    save_file({"elsewhere": torch.zeros(1)}, tmp_path / "model" / stored.TRAINED)
    with pytest.raises(ModelError, match="elsewhere"):
        weights(tmp_path, made)


def test_a_run_that_begins_at_another_names_that_runs_model(own_ground: Ground, tmp_path: Path) -> None:
    """Whatever hash its plan knows that model by: what is kept is found by the files alone."""
    made = own_ground.plan({"only_head": {"extra": False}}, continues=True, max_steps=2, eval_every=2)
    own_ground.fit(tmp_path, made).run()
    told = json.loads((tmp_path / "model" / stored.BASE).read_text())
    assert told["model_id"] == model_id(Path(made.model))
    assert weights(tmp_path, made)


def test_reading_a_model_draws_nothing(own_ground: Ground, tmp_path: Path) -> None:
    made = own_ground.plan({"only_head": {"extra": False}}, max_steps=2, eval_every=2)
    own_ground.fit(tmp_path, made).run()
    torch.manual_seed(3)
    wanted = torch.rand(2)
    torch.manual_seed(3)
    weights(tmp_path, made)
    assert torch.equal(torch.rand(2), wanted)
