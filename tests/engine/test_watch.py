"""A watcher hears of every look, those before a resume too."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from tunebook.core.progress import Looks, Silent
from tunebook.engine.track import Watch


class Recorder(Silent):
    """Keeps the looks; raises at a score of 0."""

    def __init__(self) -> None:
        self.looks: list[tuple[int, Mapping[str, float]]] = []

    def look(self, step: int, scores: Mapping[str, float]) -> None:
        self.looks.append((step, scores))
        if not scores["f1"]:
            raise RuntimeError("enough")


def state(*entries: dict[str, Any]) -> Any:
    return SimpleNamespace(log_history=list(entries))


def test_looks_are_told_with_the_names_of_the_scores() -> None:
    recorder = Recorder()
    watch = Watch(recorder)
    history = [{"step": 4, "eval_f1": 0.5, "eval_loss": 1}, {"step": 5, "loss": 0.3}, {"step": 8, "eval_f1": 0.6}]
    watch.on_train_begin(None, state(*history), None)  # type: ignore[arg-type]
    assert recorder.looks == [(4, {"f1": 0.5, "loss": 1.0}), (8, {"f1": 0.6})]
    watch.on_evaluate(None, state(*history), None)  # type: ignore[arg-type]
    assert recorder.looks[2:] == [(8, {"f1": 0.6})]


def test_what_the_watcher_raises_goes_through() -> None:
    with pytest.raises(RuntimeError, match="enough"):
        Watch(Recorder()).on_evaluate(None, state({"step": 1, "eval_f1": 0.0}), None)  # type: ignore[arg-type]


def test_only_who_has_a_look_is_a_watcher() -> None:
    assert isinstance(Recorder(), Looks)
    assert not isinstance(Silent(), Looks)
