"""Which row counts for a training setting."""

from __future__ import annotations

import pytest
from tests.efficient import METHODS

from tunebook.core import registry
from tunebook.tables.declared import settings_rows, technique_rows
from tunebook.tables.make import new_table
from tunebook.tables.replaced import flat, replaced, used

REAL = registry.techniques, registry.stages


@pytest.fixture(autouse=True)
def real_techniques(monkeypatch):
    for name, found in zip(("techniques", "stages"), REAL, strict=True):
        monkeypatch.setattr(registry, name, found)


def test_the_tables_own_rate_counts_where_no_method_has_one():
    values = new_table({"learning_rate": 2e-5, "head_rate.factor": 2, "pretrain.file": "x.txt"}).values()
    assert replaced(values) == {} and used("learning_rate", values) == ("learning_rate", 2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_a_methods_own_rate_takes_its_place(method):
    values = new_table({"learning_rate": 2e-5, f"{method}.learning_rate": 3e-3}).values()
    assert used("learning_rate", values) == (f"{method}.learning_rate", 3e-3)
    assert used("batch_size", values) == ("batch_size", 32)


def test_what_is_replaced_is_a_setting():
    found = {row.row.replaces for row in technique_rows().values()} - {""}
    assert found == {"learning_rate"} and found <= set(settings_rows())


def test_a_plans_rows_have_a_tables_names():
    plan = {"learning_rate": 1e-5}, {"lora": {"learning_rate": 1e-3, "rank": 8}, "fgm": {"epsilon": 1.0}}
    assert flat(*plan) == {"learning_rate": 1e-5, "lora.learning_rate": 1e-3, "lora.rank": 8, "fgm.epsilon": 1.0}


def test_rows_of_nobody_are_left_alone():
    assert replaced(["learning_rate", "gone.learning_rate"]) == {}
