"""Two machines of a real Ray cluster: one dies in the middle, or the command does, and all is as on one machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import ab_book
from tests.drawn import ALL
from tunebook.core.progress import Silent
from tunebook.verbs.ab import ab
from tunebook.verbs.engines.cluster import Ray
from tunebook.verbs.engines.parcels import Bytes, load_of
from tunebook.verbs.engines.seam import Needs, trained_on
from tunebook.verbs.predict import predict_file
from tunebook.verbs.promote import promote
from tunebook.verbs.search import SearchOptions, search
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import runs_in
from tunebook.verbs.steps.train import train

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


class Begun(Silent):
    """Hears which trainings begin, and does something as one of them does.

    Attributes:
        told: what was said of each training.
    """

    def __init__(self, number: int = 0, do: Callable[[], object] = list) -> None:
        self.number, self.do = number, do
        self.told: list[str] = []

    def note(self, text: str) -> None:
        if "trains" in text:
            self.told.append(text)
            if len(self.told) == self.number:
                self.do()


def kill_one(cluster: Any) -> None:
    """Let one of the two machines die."""
    cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)


def told(book: Book) -> list[tuple[str, int, Any, bytes]]:
    """What each run of a book is: its plan, seed, scores and weights."""
    return sorted(
        (run.plan.id, run.plan.seed, run.validation_scores, (run.model / "model.safetensors").read_bytes())
        for run in runs_in(book.path / "runs")
    )


@pytest.fixture
def twins(base: Path, tmp_path: Path) -> tuple[Book, Book]:
    """A book for a test of 2 x 3, and a copy of it."""
    (tmp_path / "made").mkdir()
    near = ab_book.set_gate(ab_book.make_book(tmp_path / "made", base, 160), seeds=3, looks=[])
    shutil.copytree(near.path, tmp_path / "far")
    return near, open_book(tmp_path / "far")


def test_a_machine_that_dies_costs_no_run_and_changes_no_verdict(
    twins: tuple[Book, Book], machines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray

    near, far = twins
    stored: list[int] = []
    put = ray.put

    def counted(content: Bytes) -> Any:
        stored.append(sum(file.nbytes for file in content.values()))
        return put(content)

    monkeypatch.setattr(ray, "put", counted)
    watch = Begun(3, lambda: kill_one(machines))
    with Ray(machines.address, watch) as engine, trained_on(engine):
        assert engine.room == 2
        there = ab(far, 2, 3)
    assert len(watch.told) > 6, "one of six was begun anew"
    made = plan(far.tables.get(2), far.data)
    needed = load_of(Needs((made.data_path,), (made.model,))).sizes
    assert sorted(stored) == sorted(needed.values()), "rows and base are stored once"
    here = ab(near, 2, 3)
    assert (there.verdict, there.gain, there.lower, there.upper) == (here.verdict, here.gain, here.lower, here.upper)
    assert told(far) == told(near) and len(told(near)) == 6


def test_after_ctrl_c_what_came_back_is_not_trained_again(twins: tuple[Book, Book], machines: Any) -> None:
    near, far = twins

    class CtrlC(Silent):
        def advance(self, amount: int = 1, **_: float) -> None:
            if len(runs_in(far.path / "runs")) >= 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), Ray(machines.address) as engine, trained_on(engine):
        ab(far, 2, 3, progress=CtrlC())
    kept = len(runs_in(far.path / "runs"))
    again = Begun()
    with Ray(machines.address, again) as engine, trained_on(engine):
        there = ab(far, 2, 3)
    here = ab(near, 2, 3)
    assert 2 <= kept < 6 and len(again.told) == 6 - kept
    assert (there.verdict, there.gain) == (here.verdict, here.gain) and told(far) == told(near)


def test_a_search_tries_the_same_trials_though_a_machine_dies(twins: tuple[Book, Book], machines: Any) -> None:
    near, far = (promoted(book) for book in twins)
    options = SearchOptions(["learning_rate"], {"learning_rate": (1e-5, 1e-3)}, prune="none", sampler="grid", runs=4)
    watch = Begun(2, lambda: kill_one(machines))
    with Ray(machines.address, watch) as engine, trained_on(engine):
        there = search(far, options=options)
    here = search(near, options=options)
    assert len(watch.told) > 3, "the middle of the grid is the table itself, and one of the three was begun anew"
    assert (here.trials, here.failed, here.score, here.best) == (there.trials, there.failed, there.score, there.best)


def promoted(book: Book) -> Book:
    """The book with its quick table as champion."""
    promote(book, 2, force=True, reason="it is quick")
    return open_book(book.path)


def test_the_rows_of_a_file_are_all_answered_though_a_machine_dies(
    twins: tuple[Book, Book], tmp_path: Path, machines: Any
) -> None:
    near, _ = twins
    run = train(plan(near.tables.get(2), near.data), near.path / "runs", track=())
    file = tmp_path / "made" / "rows.csv"

    class Dies(Silent):
        left = True

        def advance(self, amount: int = 1, **_: float) -> None:
            if self.left:
                self.left = False
                kill_one(machines)

    watch = Dies()
    with Ray(machines.address) as engine, trained_on(engine):
        there = predict_file(run, file, batch_size=8, progress=watch)
    here = predict_file(run, file, batch_size=8)
    assert not watch.left and len(there) == len(here) == 160
    for one, other in zip(here, there, strict=True):
        assert one["text"] == other["text"] and one["label"] == other["label"]
