"""Which rows of a base model's head belong to which labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tunebook.core.nouns import HeadStart, Labels
from tunebook.models.heads import covers, lacks_pooler, matched, own_names, stored_shape, stored_weight


def named(*names: str) -> dict[str, Any]:
    return {"id2label": {str(number): name for number, name in enumerate(names)}}


def labels(*names: str, problem: Any = "single_label") -> Labels:
    return Labels(problem=problem, names=list(names))


def test_rows_are_matched_by_name_whatever_their_order() -> None:
    assert matched(named("pos", "neg"), 2, labels("neg", "pos")).rows == {"neg": 1, "pos": 0}
    some = matched(named("a", "b", "c"), 3, labels("a", "c", "d", problem="multi_label"))
    assert some == HeadStart(own=["a", "b", "c"], rows={"a": 0, "c": 2})
    assert matched(named("a", "b"), 2, labels("p", "q")) == HeadStart(own=["a", "b"])
    assert matched(named("a", "a"), 2, labels("a", "b")).rows == {"a": 0}, "of two rows of one name the first"


def test_placeholders_are_no_names_unless_the_classes_are_called_so() -> None:
    assert matched(named("LABEL_0", "LABEL_1"), 2, labels("neg", "pos")) == HeadStart()
    assert matched(named("LABEL_0", "LABEL_1"), 2, labels("LABEL_0", "x")) == HeadStart()
    assert matched(named("LABEL_0", "LABEL_1"), 2, labels("LABEL_1", "LABEL_0")).rows == {"LABEL_0": 0, "LABEL_1": 1}


@pytest.mark.parametrize("said", [None, {}, {"0": "a"}, {"one": "a", "two": "b"}, 3, ["a", "b"]])
def test_a_config_that_does_not_name_them_all(said: Any) -> None:
    assert own_names({"id2label": said}, 2) == []


def test_a_head_of_one_number_goes_on_where_it_may_be_one() -> None:
    number, ordered = Labels(problem="regression"), labels("low", "high", problem="ordinal")
    for config in ({}, named("LABEL_0"), {"problem_type": "regression"}):
        assert matched(config, 1, number).number and matched(config, 1, ordered).number
    assert not matched(named("toxic"), 1, number).number, "a class is no number"
    assert not matched({"problem_type": "multi_label_classification"}, 1, number).number
    assert matched(named("a", "b", "c"), 3, number) == HeadStart(own=["a", "b", "c"])


def test_weights_are_found_in_the_file_that_has_them(tmp_path: Path) -> None:
    save_file({"one": torch.ones(3, 2)}, tmp_path / "a.safetensors")
    torch.save({"two": torch.ones(4)}, tmp_path / "b.bin")
    index = '{"weight_map": {"one": "a.safetensors", "two": "b.bin"}}'
    (tmp_path / "pytorch_model.bin.index.json").write_text(index)
    assert [stored_shape(tmp_path, {}, name) for name in ("one", "two", "three")] == [(3, 2), (4,), ()]
    for name in ("one", "two"):
        found = stored_weight(tmp_path, {}, name)
        assert found is not None and bool(found.all())
    assert stored_weight(tmp_path, {}, "three") is None


@pytest.mark.parametrize("pooler", [False, True])
def test_a_pooler_is_missed_where_no_file_has_it(pooler: bool, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    assert not lacks_pooler(tmp_path), "without weights nothing is known"
    weights = {"embeddings.word": torch.ones(2), **({"bert.pooler.dense.weight": torch.ones(2)} if pooler else {})}
    save_file(weights, tmp_path / "model.safetensors")
    assert lacks_pooler(tmp_path) is not pooler
    (tmp_path / "model.safetensors").write_bytes(b"none")
    assert not lacks_pooler(tmp_path)


@pytest.mark.parametrize("file", ["model.safetensors", "pytorch_model.bin"])
def test_files_that_cannot_be_read_are_told_elsewhere(tmp_path: Path, file: str) -> None:
    for data in (b"", b"no weights at all"):
        (tmp_path / file).write_bytes(data)
        assert stored_shape(tmp_path, {}, "one") == ()


def test_a_head_for_places_goes_on_and_one_of_other_outputs_does_not() -> None:
    places = Labels(problem="answers")
    assert matched(named("LABEL_0", "LABEL_1"), 2, places) == HeadStart(number=True)
    assert matched(named("LABEL_0", "LABEL_1", "LABEL_2"), 3, places) == HeadStart()
    assert covers(HeadStart(number=True), places)
