"""Parts of groups keep their settings and the order of their parameters."""

from __future__ import annotations

from tunebook.nets.parameters import split


def test_each_group_is_cut_by_kind_and_nothing_is_lost() -> None:
    groups = [
        {"names": ["a1", "b1", "a2"], "params": [1, 2, 3], "lr": 0.1},
        {"names": ["b2"], "params": [4], "lr": 0.2},
    ]
    assert list(split(groups, lambda name: name[0])) == [
        ("a", {"names": ["a1", "a2"], "params": [1, 3], "lr": 0.1}),
        ("b", {"names": ["b1"], "params": [2], "lr": 0.1}),
        ("b", {"names": ["b2"], "params": [4], "lr": 0.2}),
    ]
    assert list(split([{"names": [], "params": []}], len)) == []
