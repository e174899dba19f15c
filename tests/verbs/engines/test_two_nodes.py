"""A real cluster of two machines, one of which dies in the middle: nothing is lost, and the verdict is the same."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ab_book
from tests.ab_book import same
from tunebook.core.progress import Silent
from tunebook.verbs.ab import ab
from tunebook.verbs.engines.cluster import Ray
from tunebook.verbs.engines.seam import trained_on
from tunebook.verbs.steps.book import open_book

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
OFF = {"class": "off", "calibration": "off"}


class Kills(Silent):
    """Lets a machine die when the third training begins."""

    def __init__(self, cluster: Any, machine: Any) -> None:
        self.cluster, self.machine = cluster, machine
        self.heard: list[str] = []

    def note(self, text: str) -> None:
        self.heard.append(text)
        if sum(" trains " in line for line in self.heard) == 3 and self.machine is not None:
            machine, self.machine = self.machine, None
            self.cluster.remove_node(machine, allow_graceful=False)


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head and another machine, with a processor each."""
    monkeypatch.setattr(os, "environ", os.environ)
    for name, value in (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_raylet_start_wait_time_s", "120")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(ab_book.__file__).parents[1] / "src")]))
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    try:
        cluster.add_node(num_cpus=1, include_dashboard=False)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::FutureWarning")
def test_a_machine_dies_and_nothing_is_lost(two: Any, base: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("tunebook.verbs.ab.remember", lambda book: None)
    near = ab_book.make_book(tmp_path, base)
    shutil.copytree(near.path, tmp_path / "far")
    far = open_book(tmp_path / "far")
    asked: Any = {"seeds": 3, "looks": [], "guard": OFF}
    watch = Kills(two, two.list_all_nodes()[1])
    with Ray(two.address, watch) as engine, trained_on(engine):
        assert engine.room == 2
        there = ab(far, 2, 3, **asked)
    assert watch.machine is None and len(two.list_all_nodes()) == 1
    here = ab(near, 2, 3, **asked)
    assert same(there, here) and there.extra["scores"] == here.extra["scores"]
    names = [sorted(run.plan_id for run in book.runs) for book in (near, far)]
    assert names[0] == names[1] and len(names[0]) == 6
    models = [{run.plan_id: run.outcome["model_id"] for run in book.runs} for book in (near, far)]
    assert models[0] == models[1] and all(run.is_arm for run in far.runs)
