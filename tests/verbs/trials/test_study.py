"""The study: what is asked, what is stopped, and what a kill leaves of it."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tunebook.core.errors import MachineError
from tunebook.tables.make import new_table
from tunebook.verbs.trials.space import make_space
from tunebook.verbs.trials.study import SearchSpec, Study
from tunebook.verbs.trials.trial import Done

TABLE = new_table({"learning_rate": 1e-4, "batch_size": 16})


def spec(**more: Any) -> SearchSpec:
    space = more.pop("space", None) or make_space(TABLE, ["learning_rate", "batch_size"])
    return SearchSpec(plan="p", table_version=1, metric="accuracy", space=space, seeds=[1, 2, 3], **more)


def ended(study: Study, score: float) -> int:
    asked = study.ask()
    assert asked is not None
    study.tell(asked[0], Done("complete", [score], [f"run{asked[0]}"], 1.5))
    return asked[0]


def test_the_table_itself_comes_first(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(), TABLE)
    assert study.ask() == (0, {"learning_rate": 1e-4, "batch_size": 16})
    asked = study.ask()
    assert asked is not None and asked[1] != {"learning_rate": 1e-4, "batch_size": 16}
    first, second = study.records()
    assert (first.parent, second.parent) == (True, False)
    assert study.study.trials[0].params == {"learning_rate": 1e-4, "batch_size": 16}


def test_a_table_outside_of_the_ranges_comes_first_too(tmp_path: Path) -> None:
    table = new_table({"learning_rate": 0.5})
    made = spec(space=make_space(table, ["learning_rate", "dropout"]))
    study = Study(tmp_path, made, table)
    assert study.ask() == (0, {"learning_rate": 0.5, "dropout": None})
    study.tell(0, Done("complete", [0.5]))
    asked = study.ask()
    assert asked is not None and isinstance(asked[1]["dropout"], float)


def test_what_trials_told_is_there_in_the_next_session(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(), TABLE)
    ended(study, 0.7)
    asked = study.ask()
    assert asked is not None
    study.tell(asked[0], Done("failed", why="diverged"))
    again = Study(tmp_path, spec(), TABLE)
    first, second = again.records()
    assert (first.state, first.score, first.runs, first.seconds) == ("complete", 0.7, ["run0"], 1.5)
    assert (second.state, second.score, second.why) == ("failed", None, "diverged")
    assert second.values == asked[1]
    assert again.count == 2
    assert again.ask() != asked, "the sampler does not begin anew"


def test_a_killed_trial_is_put_in_line_again_once(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(), TABLE)
    study.ask()
    second = Study(tmp_path, spec(), TABLE)
    assert [record.state for record in second.records()] == ["stopped", "waiting"]
    assert "interrupted" in second.records()[0].why
    assert second.count == 0
    assert second.ask() == (1, {"learning_rate": 1e-4, "batch_size": 16})
    assert second.records()[1].parent
    second.tell(1, Done("complete", [0.5]))
    asked = second.ask()
    third = Study(tmp_path, spec(), TABLE)
    assert [record.state for record in third.records()] == ["stopped", "complete", "stopped", "waiting"]
    assert asked is not None and third.ask() == (3, asked[1])
    assert len(Study(tmp_path, spec(), TABLE).records()) == 5


def test_a_line_that_a_kill_cut_off_and_a_lock_that_it_left(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(), TABLE)
    ended(study, 0.6)
    log = tmp_path / "study.log"
    log.write_bytes(log.read_bytes() + b'{"op_code": 5, "wor')
    (tmp_path / "study.log.lock").symlink_to(log)
    again = Study(tmp_path, spec(), TABLE)
    assert [record.score for record in again.records()] == [0.6]
    ended(again, 0.5)
    assert [record.score for record in Study(tmp_path, spec(), TABLE).records()] == [0.6, 0.5]


def test_the_time_of_all_sessions_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("tunebook.verbs.trials.study.time.monotonic", lambda: now[0])
    study = Study(tmp_path, spec(), TABLE, minutes=1)
    asked = study.ask()
    now[0] = 70
    assert asked is not None and study.heed(asked[0], 0, "look", [0.1]) == "", "the table itself may take its time"
    study.tell(asked[0], Done("complete", [0.1]))
    assert study.ask() is None
    longer = Study(tmp_path, spec(), TABLE, minutes=2)
    assert longer.seconds == 70
    asked = longer.ask()
    now[0] += 60
    assert asked is not None and longer.heed(asked[0], 0, "look", [0.9]) == "the time was over"
    longer.tell(asked[0], Done("stopped", why="the time was over"))
    assert longer.count == 1
    assert Study(tmp_path, spec(), TABLE, minutes=9).ask() == (2, asked[1])


def test_the_median_stops_what_lags_behind(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(), TABLE)
    for score in (0.80, 0.81, 0.82, 0.83, 0.84):
        asked = study.ask()
        assert asked is not None
        assert study.heed(asked[0], 0, "look", [score - 0.1]) == ""
        assert study.heed(asked[0], 0, "look", [score - 0.1, score]) == ""
        study.tell(asked[0], Done("complete", [score]))
    asked = study.ask()
    assert asked is not None
    why = study.heed(asked[0], 0, "look", [0.3])
    assert "look 1" in why and "0.3" in why
    study.tell(asked[0], Done("pruned", why=why))
    assert study.records()[-1].looks == [0.3]
    asked = study.ask()
    assert asked is not None
    assert study.heed(asked[0], 0, "look", [0.75]) == ""
    assert study.heed(asked[0], 0, "look", [0.75, 0.85]) == ""
    assert study.heed(asked[0], 1, "look", [0.1]) == "", "later seeds run to their end"
    assert study.heed(asked[0], 0, "blocks", [0.1]) == ""
    assert study.heed(asked[0], 0, "look", [0.75, 0.85, float("nan")]) == ""


def test_without_pruning_nothing_is_stopped(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(prune="none"), TABLE)
    for _ in range(8):
        ended(study, 0.9)
    asked = study.ask()
    assert asked is not None and study.heed(asked[0], 0, "look", [0.0]) == ""


def stopped(study: Study, rng: np.random.Generator, best: np.ndarray, gain: float, seeds: int) -> bool:
    """Whether a trial whose blocks differ by a gain and noise is stopped within so many seeds."""
    asked = study.ask()
    assert asked is not None
    found = False
    for place in range(seeds):
        run = rng.normal(0, 0.005)  # what this seed's run is worth beside another
        blocks = best[place] + gain + run + rng.normal(0, 0.03, best.shape[1])
        found = found or bool(study.heed(asked[0], place, "blocks", blocks.tolist()))
    study.tell(asked[0], Done("failed"))
    return found


def test_wilcoxon_stops_the_hopeless_and_not_the_good(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    study = Study(tmp_path, spec(prune="wilcoxon", sampler="random"), TABLE)
    best = rng.normal(0.8, 0.05, (3, 12))
    asked = study.ask()
    assert asked is not None
    for place in range(3):
        assert study.heed(asked[0], place, "look", [0.1]) == ""
        assert study.heed(asked[0], place, "blocks", best[place].tolist()) == ""
    study.tell(asked[0], Done("complete", best.mean(1).tolist()))
    repeats = 12
    hopeless = sum(stopped(study, rng, best, -0.06, 1) for _ in range(repeats))
    good = sum(stopped(study, rng, best, +0.02, 2) for _ in range(repeats))
    assert hopeless == repeats
    assert good <= 1


def test_the_reason_names_the_trial_that_was_better(tmp_path: Path) -> None:
    study = Study(tmp_path, spec(prune="wilcoxon", sampler="random"), TABLE)
    for score in (0.9, 0.2):
        asked = study.ask()
        assert asked is not None
        why = study.heed(asked[0], 0, "blocks", [score + 0.001 * step for step in range(12)])
        study.tell(asked[0], Done("pruned" if why else "complete", [score], why=why))
    assert "below trial 0" in study.records()[1].why


def test_a_grid_ends(tmp_path: Path) -> None:
    made = spec(sampler="grid", space=make_space(TABLE, ["max_epochs"], {"max_epochs": (1, 2)}))
    study = Study(tmp_path, made, TABLE)
    assert study.ask() == (0, {"max_epochs": 3})
    study.tell(0, Done("complete", [0.5]))
    asked = study.ask()
    again = Study(tmp_path, made, TABLE)
    retried, last = again.ask(), again.ask()
    assert asked is not None and retried is not None and last is not None
    assert retried[1] == asked[1]
    assert {asked[1]["max_epochs"], last[1]["max_epochs"]} == {1, 2}
    assert again.ask() is None


def test_random_draws_differ_between_sessions(tmp_path: Path) -> None:
    drawn = []
    for _ in range(3):
        study = Study(tmp_path, spec(sampler="random"), TABLE)
        ended(study, 0.5)
        drawn.append(study.records()[-1].values["learning_rate"])
    assert len(set(drawn)) == 3


def test_the_id_leaves_the_version_out_and_holds_the_rest() -> None:
    base = spec()
    assert base.model_copy(update={"table_version": 9}).id == base.id
    for change in ({"plan": "q"}, {"seeds": [1]}, {"prune": "none"}, {"sampler": "grid"}):
        assert base.model_copy(update=change).id != base.id


def test_without_optuna(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "optuna":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MachineError, match=r"\[search\]") as caught:
        Study(tmp_path, spec(), TABLE)
    assert caught.value.code == "machine.extra"
