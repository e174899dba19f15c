"""What runs inside the cluster."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.fake_ray import FakeRay, FakeRayError, done
from tunebook.verbs.engines import tasks as module
from tunebook.verbs.engines.far import Back
from tunebook.verbs.engines.tasks import Letters, part_task, train_task


def test_letters_are_taken_once_in_their_order() -> None:
    letters = Letters()
    letters.tell("a", [("start", "train", 1, 0)])
    letters.tell("b", [("finish",)])
    assert letters.take() == [("a", [("start", "train", 1, 0)]), ("b", [("finish",)])] and letters.take() == []


def test_a_task_tells_where_it_is_and_fetches_what_it_needs(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(order: Any, plan: str, fetch: Any, send: Any) -> Back:
        send([("finish",)])
        return Back(hash=fetch("rows"))

    monkeypatch.setattr(module, "train_far", train)
    box = cluster.remote()(Letters).remote()
    parcels: Any = {"rows": done("content"), "unused": done(FakeRayError("never fetched"))}
    order: Any = SimpleNamespace()
    assert train_task(order, parcels, "plan", box, "a").hash == "content"
    (where, finish) = cluster.get(box.take.remote())
    assert where[0] == "a" and where[1][0][0] == "attempt" and where[1][0][1] and finish == ("a", [("finish",)])


def test_a_part_is_worked_on_with_what_it_needs(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    def work_far(order: Any, work: Any, fetch: Any) -> Any:
        return work(fetch("model"))

    monkeypatch.setattr(module, "work_far", work_far)
    order: Any = SimpleNamespace()
    assert part_task(order, {"model": done("there")}, lambda part, where: f"{part} {where}", "rows") == "rows there"
