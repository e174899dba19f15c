"""What a training far away tells, heard as if it were near."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest

from tunebook.core.errors import RunError
from tunebook.core.progress import Silent
from tunebook.verbs.engines import told as module
from tunebook.verbs.engines.told import Event, Hearer, Teller, heard_out


class Watch:
    """Remembers all that it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def start(self, what: str, total: int, done: int = 0) -> None:
        self.heard.append(("start", what, total, done))

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.heard.append(("advance", amount, figures))

    def finish(self) -> None:
        self.heard.append(("finish",))

    def note(self, text: str) -> None:
        self.heard.append(("note", text))

    def look(self, step: int, scores: Any) -> None:
        self.heard.append(("look", step, scores))


def test_steps_are_added_up_and_looks_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    sent: list[Any] = []
    teller = Teller(sent.append)
    teller.start("train", 9)
    teller.advance(2, loss=1)
    teller.advance(3, loss=0.5, other=2)
    assert sent == []
    teller.look(5, {"eval_accuracy": 1})
    summed = ("advance", 5, {"loss": 0.5, "other": 2.0})
    assert sent == [[("start", "train", 9, 0), summed, ("look", 5, {"eval_accuracy": 1.0})]]
    clock[0] = 9.0
    teller.note("a word")
    teller.finish()
    teller.flush()
    teller.flush()
    assert sent[1:] == [[("note", "a word")], [("finish",)]]


def test_a_watcher_hears_it_as_it_was_told() -> None:
    near, far = Watch(), Watch()
    teller = Teller(lambda events: [hearer.hear(event) for event in events])
    hearer = Hearer(far)
    for watch in (near, teller):
        watch.start("train", 3, 1)
        watch.advance(1, loss=0.5)
        watch.look(1, {"eval_f1": 0.5})
        watch.note("slow")
        watch.finish()
    teller.flush()
    assert far.heard == near.heard
    hearer = Hearer(Silent())
    hearer.hear(("look", 1, {}))  # who does not want to know of looks is not told


def test_a_training_that_begins_anew_closes_what_was_open() -> None:
    watch = Watch()
    hearer = Hearer(watch)
    for event in (("start", "train", 3, 0), ("start", "tokenise", 1, 0), ("attempt", "two"), ("start", "train", 3, 0)):
        hearer.hear(event)
    assert [item[0] for item in watch.heard] == ["start", "start", "finish", "finish", "start"]
    hearer.unwind()
    assert watch.heard[-1] == ("finish",) and hearer.open == 0


@pytest.mark.parametrize("outcome", [True, RunError("engine.task", key="local", reason="gone")])
def test_what_a_training_ends_with_is_given_back(outcome: object) -> None:
    watch, told = Watch(), SimpleQueue[Event]()
    for event in (("start", "train", 3, 0), ("note", "slow"), ("end", outcome), ("start", "test", 1, 0)):
        told.put(event)
    assert heard_out(told, watch) is outcome
    assert [item[0] for item in watch.heard] == ["start", "note", "finish"]
    told.put(("end", outcome))
    assert heard_out(told, None) is outcome, "also where nobody watches"
