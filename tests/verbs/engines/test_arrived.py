"""A run that came back is put in its place, whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tunebook.core.errors import MachineError
from tunebook.core.nouns import Plan
from tunebook.verbs.engines.arrived import put_away
from tunebook.verbs.engines.far import Back
from tunebook.verbs.engines.parcels import packed
from tunebook.verbs.steps.runs import find_run, runs_in
from tunebook.verbs.steps.train import train


def test_it_is_the_run_that_would_have_been_trained_here(quick: Plan, tmp_path: Path) -> None:
    near = train(quick, tmp_path / "near", track=())
    back = Back(None, *packed(near.path))
    for arm in (True, False):
        far = put_away(back, quick, tmp_path / f"far-{arm}", arm=arm)
        assert far == find_run(tmp_path / f"far-{arm}", quick) and far.finished and far.is_arm == arm
        assert far.plan == near.plan and far.outcome == near.outcome and far.plan_id == quick.id
        assert (far.model / "model.safetensors").read_bytes() == (near.model / "model.safetensors").read_bytes()
        assert [path.name for path in far.path.parent.iterdir()] == [far.id]


def test_a_damaged_run_leaves_nothing(quick: Plan, tmp_path: Path) -> None:
    near = train(quick, tmp_path / "near", track=())
    back = replace(Back(None, *packed(near.path)), hash="other")
    with pytest.raises(MachineError) as caught:
        put_away(back, quick, tmp_path / "far", arm=True)
    assert caught.value.code == "engine.damaged" and runs_in(tmp_path / "far") == []
    assert list((tmp_path / "far").iterdir()) == []
