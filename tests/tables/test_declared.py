import subprocess
import sys
from typing import Annotated, ClassVar

import pytest

from tunebook.core import registry
from tunebook.core.errors import MachineError, TableError
from tunebook.core.params import Row
from tunebook.core.settings import Settings
from tunebook.core.technique import Technique
from tunebook.tables import declared


class Greedy(Technique):
    key: ClassVar[str] = "greedy"
    rate: Annotated[float, Row("x", zh="x", aliases=("lr",))] = 1.0


class Twin(Technique):
    key: ClassVar[str] = "twin"
    seed: Annotated[float, Row("x", zh="x", aliases=("seed",))] = 1.0


def test_declared_holds_settings_and_techniques_in_order():
    names = list(declared.declared())
    assert names[: len(Settings.model_fields)] == list(Settings.model_fields)
    assert names[-2:] == ["fade.first", "fade.last"]


def test_aliases_of_settings_and_techniques():
    known = declared.aliases()
    assert known["lr"] == "learning_rate"
    assert known["num_train_epochs"] == "max_epochs"
    assert known["shake_epsilon"] == "shake.size"


@pytest.mark.parametrize(("kind", "alias"), [(Greedy, "lr"), (Twin, "seed")])
def test_an_alias_used_twice_is_a_fault(monkeypatch, kind, alias):
    monkeypatch.setattr(registry, "techniques", lambda: {kind.key: kind})
    with pytest.raises(TableError) as caught:
        declared.aliases()
    assert caught.value.code == "row.alias"
    assert caught.value.key == alias
    assert alias in str(caught.value)


@pytest.mark.parametrize("name", ["learning_rate", "lr", "LR", "Learning-Rate", " learning rate ", "ｌｒ"])
def test_find_ignores_case_hyphens_and_width(name):
    assert declared.find(name).name == "learning_rate"


def test_find_technique_rows_and_nothing():
    assert declared.find("shake.size").owner == "shake"
    assert declared.find("shake_epsilon").name == "shake.size"
    assert declared.find("no_such") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("learning_rat", "learning_rate"),
        ("num_train_epoch", "max_epochs"),
        ("shake.siz", "shake.size"),
        ("Batchsize", "batch_size"),
        ("qqqqqqq", None),
    ],
)
def test_nearest(name, expected):
    assert declared.nearest(name) == expected


def test_unknown_names_the_nearest_or_the_techniques(own_techniques):
    assert "learning_rate?" in declared.unknown("learning_rat").advice
    assert f"The techniques are {', '.join(sorted(own_techniques))}." in declared.unknown("qqqqqqq").advice


def test_group_of_an_owner(own_techniques):
    assert declared.group("training") is Settings
    assert declared.group("shake") is own_techniques["shake"]


def test_a_missing_library_is_named(monkeypatch):
    def fail():
        raise ModuleNotFoundError("No module named 'torch'", name="torch")

    monkeypatch.setattr(registry, "techniques", fail)
    with pytest.raises(MachineError) as caught:
        declared.find("shake.size")
    assert caught.value.code == "table.techniques"
    assert caught.value.key == "torch"
    assert ".[train]" in str(caught.value)
    assert declared.find("lr").name == "learning_rate"


def test_settings_need_no_technique_and_no_heavy_library():
    code = (
        "import sys; from tunebook.tables.make import new_table; new_table({'lr': 1e-5}); "
        "print([m for m in sys.modules if m.split('.')[0] in ('torch', 'pandas', 'transformers', 'openpyxl')"
        " or m.startswith('tunebook.techniques')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_rows_are_read_once():
    assert declared.settings_rows() is declared.settings_rows()
    assert len(declared.technique_rows()) == 7
