"""How much of a model is trained, as the tools say it."""

import pytest

from tunebook.core.registry import techniques
from tunebook.tables.foreign.methods import (
    METHODS,
    adapter,
    bits,
    frozen_names,
    frozen_pattern,
    method,
    neftune,
    swift_model,
    switched,
)


@pytest.mark.parametrize(
    ("value", "rows", "why"),
    [
        ("full", {}, "full"),
        ("LoRA", {"lora": True}, "method"),
        ("qlora", {"lora": True, "lora.quantize": "4bit"}, "method"),
        ("adalora", {"adalora": True}, "method"),
        ("ia3", {"ia3": True}, "method"),
        ("freeze", {"freeze.layers": -2}, "upper_layers"),
        ("oft", {}, "other_method"),
    ],
)
def test_method(value, rows, why):
    found = method(value, {})
    assert (found.rows, found.why) == (rows, f"importing.{why}")


@pytest.mark.parametrize(("chosen", "rows"), [("lora", {"lora.rank": 8}), ("qlora", {"lora.rank": 8}), ("full", {})])
def test_rows_of_an_adapter_count_only_with_it(chosen, rows):
    assert adapter("rank", lambda config: chosen)(8, {}).rows == rows
    assert bits(lambda config: chosen, 4)(True, {}).rows == ({"lora.quantize": "4bit"} if rows else {})
    assert bits(lambda config: chosen, 4)("false", {}).rows == {}


def test_methods_are_techniques():
    assert set(METHODS.values()) <= set(techniques())


def test_a_switch():
    assert (switched("true", {}).rows, switched(False, {}).rows) == ({"lora": True}, {})


def test_noise():
    assert (neftune("5", {}).rows, neftune("0", {}).rows) == ({"neftune.alpha": "5"}, {})


def test_names_are_no_patterns():
    assert frozen_names(["a.b", "c+"], {}).rows == {"freeze.pattern": r"^(a\.b|c\+)"}
    assert frozen_pattern("a.b", {}).rows == {"freeze.pattern": "a.b"}


@pytest.mark.parametrize("name", ["/a/b", "./a", "../a", "~/a", "D:/a"])
def test_paths_are_not_looked_up(name):
    assert swift_model(name, {}).rows == {"base_model": name}
