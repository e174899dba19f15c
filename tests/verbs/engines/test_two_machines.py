"""Two machines of a real Ray cluster, one of which dies in the middle: no run is lost, the verdict is the same."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ab_book
from tests.drawn import ALL
from tunebook.core.progress import Silent
from tunebook.verbs.ab import ab
from tunebook.verbs.engines.cluster import Ray
from tunebook.verbs.engines.seam import trained_on
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.runs import runs_in

# Eight processes of Ray begin for it: among the quick tests of a busy machine it would wait for minutes.
pytestmark = [
    pytest.mark.skipif(not ALL, reason="make check-all runs it"),
    pytest.mark.timeout(900),
]
STORE = 100 * 2**20  # bytes of each machine's objects, the least that Ray takes well


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A head that trains nothing, and two machines with room for one training each."""
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    utils = pytest.importorskip("ray.cluster_utils")
    cluster = utils.Cluster()
    try:
        for room in (0, 1, 1):
            cluster.add_node(num_cpus=room, object_store_memory=STORE, include_dashboard=False)
        yield cluster
    finally:
        import ray

        ray.shutdown()
        cluster.shutdown()


class Killer(Silent):
    """Kills one of the two machines as the third training begins."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.begun: list[str] = []

    def note(self, text: str) -> None:
        if "trains" in text:
            self.begun.append(text)
            if len(self.begun) == 3:
                self.cluster.remove_node(self.cluster.worker_nodes.copy().pop(), allow_graceful=False)


def told(book: Book) -> list[tuple[str, int, Any, bytes]]:
    """What each run of a book is: its plan, seed, scores and weights."""
    return sorted(
        (run.plan.id, run.plan.seed, run.validation_scores, (run.model / "model.safetensors").read_bytes())
        for run in runs_in(book.path / "runs")
    )


def test_a_machine_that_dies_costs_no_run_and_changes_no_verdict(base: Path, tmp_path: Path, machines: Any) -> None:
    (tmp_path / "made").mkdir()
    near = ab_book.set_gate(ab_book.make_book(tmp_path / "made", base, 160), seeds=3, looks=[])
    shutil.copytree(near.path, tmp_path / "far")
    far = open_book(tmp_path / "far")
    killer = Killer(machines)
    with Ray(machines.address, killer) as engine, trained_on(engine):
        assert engine.room == 2
        there = ab(far, 2, 3)
    assert len(killer.begun) > 6, "one of six was begun anew"
    here = ab(near, 2, 3)
    assert (there.verdict, there.gain, there.lower, there.upper) == (here.verdict, here.gain, here.lower, here.upper)
    assert told(far) == told(near) and len(told(near)) == 6
