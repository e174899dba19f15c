"""--engine and --address: what they refuse, and that the work inside is done there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Call
from tests.fake_ray import FakeRay

from tunebook.cli.bars import Bars
from tunebook.cli.engines import Where
from tunebook.core.errors import TunebookError
from tunebook.verbs.engines.beside import Beside
from tunebook.verbs.engines.cluster import Ray
from tunebook.verbs.engines.seam import Local, chosen


@pytest.mark.parametrize(
    ("where", "key", "allowed"),
    [(Where("slurm"), "--engine", "local | ray"), (Where("local", "head:1"), "--address", "--engine ray")],
)
def test_what_cannot_be_meant_is_refused(where: Where, key: str, allowed: str) -> None:
    with pytest.raises(TunebookError) as caught:
        where.check()
    assert (caught.value.code, caught.value.key, caught.value.allowed) == ("cli.option", key, allowed)


def test_the_work_inside_is_done_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "ray", FakeRay())
    monkeypatch.setattr(os, "environ", {**os.environ, "RAY_ADDRESS": ""})
    with Bars() as bars, Where("ray").used(bars):
        assert isinstance(chosen(), Ray)
    assert isinstance(chosen(), Local) and "Ray cluster: 1 machines" in capsys.readouterr().err
    with Bars() as bars, Where().used(bars):
        assert isinstance(chosen(), Beside)
    assert isinstance(chosen(), Local)


def test_a_cluster_that_does_not_answer_is_told_at_once(tunebook: Call, book: Path) -> None:
    asked = ("ab", book, "v1", "v1", "--aa", "--seeds", "3", "--looks", "none")
    done = tunebook(*asked, "--engine", "ray", "--address", "127.0.0.1:9")
    assert done.code == 2 and "No Ray cluster answers at '127.0.0.1:9'" in " ".join(done.err.split())
