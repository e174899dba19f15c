from typing import ClassVar

from tunebook.core.technique import (
    EVENTS,
    GroupsParams,
    Listens,
    PreparesData,
    PreparesModel,
    RunContext,
    Technique,
    WrapsLoss,
)


class Watch(Technique):
    key: ClassVar[str] = "watch"

    def on(self, event, run):
        run.acted(self.key, events=1)

    def around_loss(self, inner, run):
        return inner


def test_join_points_are_found_by_their_methods():
    watch = Watch()
    assert isinstance(watch, Listens)
    assert isinstance(watch, WrapsLoss)
    for kind in (PreparesData, PreparesModel, GroupsParams):
        assert not isinstance(watch, kind)


def test_acted_adds_up_and_noted_replaces():
    run = RunContext()
    for event in EVENTS:
        Watch().on(event, run)
    run.acted("watch", norm=0.5)
    run.noted("watch", share=0.1)
    run.noted("watch", share=0.2)
    run.noted("other", share=1.0)
    assert run.counters == {"watch": {"events": float(len(EVENTS)), "norm": 0.5, "share": 0.2}, "other": {"share": 1.0}}


def test_contexts_share_nothing():
    RunContext().state["x"] = {}
    assert RunContext().state == {}
    assert RunContext().training
