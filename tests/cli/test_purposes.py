"""Every technique of the package has one purpose, and those of other packages have a place too."""

from __future__ import annotations

from tunebook.cli.purposes import OTHER, PURPOSES, grouped, purpose_of
from tunebook.core.messages import catalogue
from tunebook.tables.declared import techniques


def test_every_technique_is_for_one_thing() -> None:
    named = [name for known in PURPOSES.values() for name in known]
    own = {key for key, kind in techniques().items() if kind.__module__.startswith("tunebook.")}
    assert sorted(named) == sorted(own), "a technique of the package stands in one group"
    assert all(f"techniques.for.{purpose}" in catalogue() for purpose in (*PURPOSES, OTHER))


def test_what_is_unknown_comes_last() -> None:
    assert grouped(["zzz", "lora", "fgm"]) == {"part": ["lora"], "steady": ["fgm"], OTHER: ["zzz"]}
    assert (purpose_of("ewc"), purpose_of("zzz")) == ("later", OTHER)
