"""The state of an auto: written whole, read again, and damaged ones passed over."""

from __future__ import annotations

import math
from pathlib import Path

from tests.verbs.racing.contexts import candidate, spec, state
from tunebook.core.nouns import read_json
from tunebook.verbs.racing.state import FILE, AutoState, BaselineScore, StateFile, states_of


def test_a_state_file_keeps_every_change(tmp_path: Path) -> None:
    state_file = StateFile(tmp_path / "auto" / "x", state("1", "2"))
    state_file.change("1", scores=[0.5, 0.7], state="finalist")
    state_file.count("race", 3)
    state_file.count("gate", 2)
    kept = read_json(AutoState, state_file.folder / FILE)
    assert kept == state_file.state and kept.bought == 5
    assert kept.named("1").mean() == 0.6 and kept.named("1").mean(1) == 0.5
    assert math.isnan(kept.named("2").mean())
    assert kept.finalist is not None and kept.finalist.name == "1"
    assert [item.name for item in kept.field] == ["1", "2"] and kept.champion.name == "champion"
    assert list(states_of(tmp_path / "auto")) == [kept]


def test_a_damaged_state_is_passed_over(tmp_path: Path) -> None:
    StateFile(tmp_path / "a", state()).write()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / FILE).write_text('{"spec": ')
    assert len(states_of(tmp_path)) == 1 and states_of(tmp_path / "nowhere") == []


def test_what_an_auto_is_does_not_hang_on_numbers_and_names() -> None:
    one = spec()
    assert one.id == spec(version=7, alpha=0.1).id
    assert len({one.id, spec(round=1).id, spec(tries=3).id, spec(plan="other").id}) == 4


def test_a_baseline_is_better_where_it_scores_no_less() -> None:
    item = BaselineScore(name="tfidf_logreg", score=0.8, seconds=1)
    assert not item.better and not item.surely
    level = item.model_copy(update={"gain": 0.0, "lower": -0.1, "upper": 0.1})
    assert level.better and not level.surely
    assert level.model_copy(update={"gain": 0.2, "lower": 0.1}).surely
    assert not level.model_copy(update={"gain": -0.01}).better


def test_the_best_baseline() -> None:
    scores = [BaselineScore(name=name, score=score, seconds=0) for name, score in (("a", 0.4), ("b", 0.9))]
    found = state().model_copy(update={"baselines": scores}).best_baseline
    assert found is not None and found.name == "b" and state().best_baseline is None
    assert candidate("1").state == "racing"
