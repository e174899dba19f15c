"""techniques: the list, one of them, and a name that is none."""

from __future__ import annotations

import pytest

from tunebook.cli.techniques import OTHER, PURPOSES, grouped, purpose_of
from tunebook.core.messages import catalogue
from tunebook.tables.declared import techniques


def test_the_list(tunebook):
    from tunebook.tables.declared import techniques

    done = tunebook("techniques", "--json")
    found = [line["technique"] for line in done.lines]
    assert found == sorted(techniques())
    shown = tunebook("techniques").out
    assert "freeze" in shown and "tunebook techniques layer_decay" in shown


def test_one_technique(tunebook):
    data = tunebook("techniques", "layer_decay", "--json").json
    assert data["rows"][0] | {"text": ""} == {
        "row": "layer_decay.rate", "default": 0.95, "allowed": "float > 0 and <= 1", "text": "",
    }  # fmt: skip
    shown = tunebook("techniques", "layer_decay").out
    assert "Cost:" in shown and "tunebook table set book layer_decay.rate=0.95" in shown
    assert "tunebook table set book freeze=on" in tunebook("techniques", "freeze").out


def test_in_chinese(tunebook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "逐层衰减" in tunebook("techniques", "layer_decay").out


def test_a_name_that_is_none(tunebook):
    done = tunebook("techniques", "layer_decays", "--json")
    assert done.code == 2 and "layer_decay" in done.json["error"]["message"]


def test_the_whole_page_in_chinese(tunebook, monkeypatch):
    from tunebook.tables.declared import techniques

    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    shown = "".join(tunebook("techniques", "ema").out.split())
    assert "开销：" in shown and "来源：" in shown and "Cost:" not in shown and "Source:" not in shown
    assert "只要微批次由完整的块组成" in tunebook("techniques", "coral", "--json").json["doc"]
    assert techniques()["ema"].zh.startswith(tunebook("techniques", "ema", "--json").json["text"])


def test_every_technique_is_for_one_thing() -> None:
    named = [name for known in PURPOSES.values() for name in known]
    own = {key for key, kind in techniques().items() if kind.__module__.startswith("tunebook.")}
    assert sorted(named) == sorted(own), "a technique of the package stands in one group"
    assert all(f"techniques.for.{purpose}" in catalogue() for purpose in (*PURPOSES, OTHER))


def test_what_is_unknown_comes_last() -> None:
    assert grouped(["zzz", "lora", "fgm"]) == {"part": ["lora"], "steady": ["fgm"], OTHER: ["zzz"]}
    assert (purpose_of("ewc"), purpose_of("zzz")) == ("later", OTHER)
