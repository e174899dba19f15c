"""The looks of a training: kept as they were scored, whatever stopped it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from transformers import TrainerCallback

from tests.ground import Ground, make_ground
from tunebook.core.kept_looks import FOLDER, KeptLooks
from tunebook.engine.load import load_model
from tunebook.engine.outcome import last_checkpoint
from tunebook.engine.track import read_history
from tunebook.stats.bootstrap import folds_of

OFTEN = {"max_steps": 24, "eval_every": 3, "learning_rate": 1e-2, "early_stopping_patience": None}


class KillError(Exception):
    """A kill, as far as the run's folder can tell."""


class Kill(TrainerCallback):  # type: ignore[misc]
    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step == self.step:
            raise KillError


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("validation"))


def looks(folder: Path) -> KeptLooks:
    found = KeptLooks.read(folder)
    assert found is not None
    return found


def targets(ground: Ground, folder: Path, made: Any) -> Any:
    return ground.fit(folder, made).validation.targets


@pytest.mark.parametrize(
    "used",
    [{}, {"ema": {"decay": 0.5}}, {"swa": {"start": 0.3}}, {"checkpoint_average": {"last": 2}}, {"lora": {"rank": 2}}],
    ids=str,
)
def test_every_look_is_kept_as_it_was_scored(ground: Ground, tmp_path: Path, used: dict[str, Any]) -> None:
    made = ground.plan(used, **OFTEN)
    fit = ground.fit(tmp_path, made)
    outcome = fit.run()
    found, metric = looks(tmp_path), fit.metric
    logged = [(x["step"], x[f"eval_{metric}"]) for x in read_history(tmp_path / "metrics.jsonl") if "eval_loss" in x]
    assert [(look.step, look.score) for look in found.looks] == logged and len(logged) == 8
    folds, true = found.folds(), fit.validation.targets
    assert (folds == folds_of(len(true))).all()
    kept, *chosen = found.chosen()
    assert kept == outcome.best_step
    for step in {kept, *chosen}:  # by counting, not by the task's own scorer
        look = next(item for item in found.looks if item.step == step)
        right = found.answers(step).argmax(1) == true
        assert look.score == pytest.approx(right.mean())
        assert look.off == pytest.approx([right[folds != fold].mean() for fold in range(folds.max() + 1)])
    model = load_model(tmp_path / "model", made).model
    np.testing.assert_allclose(fit._validation().outputs(model).logits, found.answers(kept), atol=1e-5)


def test_the_last_mean_is_the_one_to_be_judged_where_it_is_kept(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"checkpoint_average": {"last": 2, "keep": "last"}}, **OFTEN)
    fit = ground.fit(tmp_path, made)
    fit.run()
    found = looks(tmp_path)
    assert found.chosen() == [24] * len(found.chosen())
    model = load_model(tmp_path / "model", made).model
    np.testing.assert_allclose(fit._validation().outputs(model).logits, found.answers(24), atol=1e-5)


@pytest.mark.parametrize("kill", [2, 8, 14, 23])
def test_a_run_that_goes_on_has_the_looks_of_one_that_never_stopped(ground: Ground, tmp_path: Path, kill: int) -> None:
    made = ground.plan({}, **OFTEN)
    ground.fit(tmp_path / "whole", made).run()
    with pytest.raises(KillError):
        ground.fit(tmp_path / "parts", made, callbacks=[Kill(kill)]).run()
    ground.fit(tmp_path / "parts", made).run(last_checkpoint(tmp_path / "parts"))
    same(tmp_path, "whole", "parts")


def test_one_that_goes_on_from_an_older_checkpoint_too(ground: Ground, tmp_path: Path) -> None:
    """The newest one was damaged; what its looks had put out of the race is chosen from again."""
    import shutil

    made = ground.plan({}, **OFTEN)
    ground.fit(tmp_path / "whole", made).run()
    with pytest.raises(KillError):
        ground.fit(tmp_path / "parts", made, callbacks=[Kill(16)]).run()
    newest = last_checkpoint(tmp_path / "parts")
    assert newest is not None and newest.name == "checkpoint-15"
    shutil.rmtree(newest)
    older = last_checkpoint(tmp_path / "parts")
    assert older is not None
    ground.fit(tmp_path / "parts", made).run(older)
    same(tmp_path, "whole", "parts")


def test_one_that_has_lost_its_best_checkpoint_chooses_anew(ground: Ground, tmp_path: Path) -> None:
    import shutil

    made = ground.plan({}, **{**OFTEN, "learning_rate": 1e-4})
    with pytest.raises(KillError):
        ground.fit(tmp_path, made, callbacks=[Kill(14)]).run()
    found, newest = looks(tmp_path), last_checkpoint(tmp_path)
    assert newest is not None and found.chosen()[0] < 12, "a later look was better: take another seed"
    shutil.rmtree(tmp_path / "checkpoints" / f"checkpoint-{found.chosen()[0]}")
    outcome = ground.fit(tmp_path, made).run(newest)
    assert [look.step for look in looks(tmp_path).looks] == [15, 18, 21, 24]
    assert looks(tmp_path).chosen()[0] == outcome.best_step


def same(folder: Path, *names: str) -> None:
    one, two = (looks(folder / name) for name in names)
    assert one.looks == two.looks and one.chosen() == two.chosen()
    assert all((one.answers(step) == two.answers(step)).all() for step in one.chosen())


def test_a_soup_keeps_what_it_would_be_without_each_fold(ground: Ground, tmp_path: Path) -> None:
    """With one candidate a soup is the best look: what it would answer is then what looks answer without it."""
    for name, used in (("plain", {}), ("soup", {"soup": {"candidates": 1}})):
        ground.fit(tmp_path / name, ground.plan(used, **OFTEN)).run()
    plain, soup = looks(tmp_path / "plain"), looks(tmp_path / "soup")
    assert soup.rule == "own" and soup.chosen() == [] and soup.looks == plain.looks
    for fold, step in enumerate(plain.chosen()[1:]):
        inside = plain.folds() == fold
        np.testing.assert_allclose(soup.crossed()[inside], plain.answers(step)[inside], atol=1e-5)
    assert {file.name for file in soup.path.glob("*.npy")} == {"folds.npy", "crossed.npy"}


def test_what_no_test_asks_for_is_not_kept(ground: Ground, tmp_path: Path) -> None:
    stage = ground.plan({}, **OFTEN).model_copy(update={"stage": "intermediate"})
    ground.fit(tmp_path / "stage", stage).run()
    assert not (tmp_path / "stage" / FOLDER).exists()


def test_many_looks_are_a_few_files(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({}, **{**OFTEN, "eval_every": 1, "learning_rate": 3e-3})
    ground.fit(tmp_path, made).run()
    found = looks(tmp_path)
    assert len(found.looks) == 24
    found.pruned()
    files = [file for file in (tmp_path / FOLDER).glob("*.npy") if file.stem != "folds"]
    assert {int(file.stem) for file in files} == set(found.chosen()) and len(files) < 11
