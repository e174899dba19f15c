"""What a router chooses."""

from __future__ import annotations

from tunebook.rollout.choice import Choice, Router


def test_a_choice_names_who_is_heard_and_who_is_compared():
    choice = Choice("run-a", "champion", "run-b", 1, "ff")
    assert (choice.version, choice.shadow) == ("run-a", "run-b")
    assert {"choose", "versions"} <= set(dir(Router))
