"""Autos made by hand, and contexts that sell runs for nothing: what the tests of races stand on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from tunebook.core.nouns import ParamTable
from tunebook.verbs.racing.budget import Meter, RaceContext
from tunebook.verbs.racing.state import CHAMPION, AutoSpec, AutoState, Candidate, StateFile

Scores = Mapping[str, Callable[[int], float]]


def spec(**more: Any) -> AutoSpec:
    facts: dict[str, Any] = {
        "plan": "p", "version": 1, "tries": 6, "round": 0, "metric": "accuracy", "seeds": [42, 43, 44, 45, 46],
    }  # fmt: skip
    return AutoSpec(**{**facts, **more})


def candidate(name: str, **more: Any) -> Candidate:
    facts: dict[str, Any] = {"state": "champion" if name == CHAMPION else "racing", **more}
    return Candidate(name=name, table=ParamTable(rows={}), **facts)


def state(*names: str, **more: Any) -> AutoState:
    """A champion and candidates with these names."""
    return AutoState(spec=spec(), candidates=[candidate(name) for name in (CHAMPION, *names)], **more)


class Free(RaceContext):
    """Runs of one second on a clock of its own, with scores as told; it writes down who bought what."""

    def __init__(self, folder: Path, scores: Scores, minutes: float = 60.0, fails: tuple[str, ...] = ()) -> None:
        names = [name for name in scores if name != CHAMPION]
        clock = {"now": 0.0}
        made = cast(Any, object.__setattr__)
        made(self, "state_file", StateFile(folder / "auto", state(*names)))
        made(self, "meter", Meter(None, 0.0, minutes * 60, lambda: clock["now"]))
        made(self, "told", (clock, scores, fails))
        made(self, "log", [])

    def buy(self, name: str, place: int) -> None:
        clock, scores, fails = cast(Any, self).told
        clock["now"] += 1.0
        cast(Any, self).log.append((name, place))
        if name in fails:
            self.state_file.change(name, state="failed", why="it diverged")
            return
        item = self.state_file.state.named(name)
        assert len(item.scores) == place, "in the order of the seeds, each once"
        self.state_file.change(name, scores=[*item.scores, scores[name](place)])

    def missing(self, name: str, seeds: int) -> float:
        return float(max(seeds - len(self.state_file.state.named(name).scores), 0))

    def proof(self, name: str) -> float:
        return 16.0


__all__ = ["Free", "candidate", "spec", "state"]
