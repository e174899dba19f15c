import math
from typing import ClassVar

import pytest
from pydantic import ValidationError
from tests import small

from tunebook.core.nouns import (
    DataRef,
    Estimate,
    Labels,
    ParamTable,
    Plan,
    Record,
    Report,
    Roles,
    TableRow,
    read_json,
    write_json,
)


def test_a_field_that_older_records_lack_is_part_of_the_id_when_it_says_something():
    class Older(Record):
        name: str

    class Newer(Record):
        later: ClassVar[frozenset[str]] = frozenset({"groups"})
        name: str
        groups: int = 0

    assert Newer(name="a").id == Older(name="a").id != Newer(name="a", groups=2).id


def table(**changes):
    return ParamTable(rows={"seed": TableRow(value=1), "lr": TableRow(value=0.1)}, **changes)


def plan(**changes):
    given = {
        "task": "text_classification",
        "model": "a/model",
        "model_id": "abc",
        "labels": Labels(problem="single_label", names=["no", "yes"]),
        "params": small.filled(seed=1),
        "techniques": {"fgm": {"epsilon": 1.0}},
        "table": "t",
        "table_version": 1,
        "data": "d",
        "data_path": "/data",
        "seed": 1,
        "versions": {"torch": "2"},
        "estimate": Estimate(seconds=1, memory_bytes=1, steps=1, parameters=1, trained=1),
    }
    return Plan(**{**given, **changes})


def test_records_are_frozen_and_take_no_unknown_fields():
    with pytest.raises(ValidationError):
        table().version = 2
    with pytest.raises(ValidationError):
        table(colour=1)


def test_ids_follow_the_content():
    assert table().id == table().id
    assert table().id != table(note="x").id
    assert table().values_id == table(note="x").values_id
    assert table().values() == {"seed": 1, "lr": 0.1}


def test_a_value_keeps_its_type_through_json(tmp_path):
    for value in (True, 1, 1.0, "1", ["a"], None):
        path = write_json(TableRow(value=value), tmp_path / "deep" / "row.json")
        found = read_json(TableRow, path)
        assert (found.value, type(found.value)) == (value, type(value))
        assert list(path.parent.iterdir()) == [path]


def test_scores_that_are_no_numbers_survive_json(tmp_path):
    report = Report(
        run="r", split="test", rows=1, content="c", headline="auc", metrics={"auc": math.nan, "x": math.inf}
    )
    found = read_json(Report, write_json(report, tmp_path / "report.json"))
    assert math.isnan(found.metrics["auc"])
    assert found.metrics["x"] == math.inf
    assert found.id == report.id


@pytest.mark.parametrize(
    ("problem", "outputs"), [("single_label", 2), ("multi_label", 2), ("regression", 1), ("ordinal", 1)]
)
def test_outputs_of_the_head(problem, outputs):
    assert Labels(problem=problem, names=["a", "b"]).outputs == outputs


@pytest.mark.parametrize("field", ["data_path", "table_version", "versions", "model", "table", "estimate"])
def test_a_plans_id_leaves_out_what_does_not_decide_the_outcome(field):
    other = {
        "data_path": "/elsewhere",
        "table_version": 9,
        "versions": {},
        "model": "b/model",
        "table": "u",
        "estimate": Estimate(seconds=2, memory_bytes=2, steps=2, parameters=2, trained=2),
    }
    assert plan(**{field: other[field]}).id == plan().id


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("task", "x"),
        ("model_id", "x"),
        ("params", small.filled(seed=2)),
        ("techniques", {}),
        ("data", "x"),
        ("seed", 2),
    ],
)
def test_a_plans_id_follows_what_decides_the_outcome(field, other):
    assert plan(**{field: other}).id != plan().id


def test_a_data_reference_is_json(tmp_path):
    ref = DataRef(
        path=tmp_path,
        sources={"a.csv": "1"},
        roles=Roles(text="text"),
        labels=Labels(problem="regression"),
        rows={"train": 1},
        content="c",
    )
    assert read_json(DataRef, write_json(ref, tmp_path / "ref.json")) == ref
