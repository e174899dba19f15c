"""A head begins with rows of the base model's own where classes have the same names, else fresh and centred."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import small, tiny
from tunebook.core.errors import ModelError
from tunebook.core.nouns import HeadStart, Labels
from tunebook.core.training import Training
from tunebook.models.heads import own_head as stored_head
from tunebook.tasks.heads import head_name
from tunebook.tasks.text_classification import TextClassification


def own_head(skeleton: Any, folder: Path, labels: Labels) -> HeadStart | None:
    name = head_name(skeleton, labels)
    return stored_head(name, folder, labels) if name else None


TASK = TextClassification()
ENCODERS = (*tiny.ENCODERS, "xlm-roberta")
PARAMS = Training(dropout=0.0)


def classes(*names: str, problem: Any = "single_label", **more: Any) -> Labels:
    return Labels(problem=problem, names=list(names), **more)


def trained(folder: Path, labels: Labels, kind: str = "bert") -> tuple[Path, Any]:
    """A folder with a base model that has a head for some labels, and that model."""
    model = TASK.build(small.base_model(folder / "plain", kind), labels, PARAMS)
    with torch.no_grad():
        for name, item in model.named_parameters():
            if name.endswith("bias") and item.shape == (labels.outputs,):
                item.copy_(torch.arange(1.0, 1.0 + labels.outputs))
    model.save_pretrained(folder / "trained")
    small.tokenizer(folder / "trained")
    return folder / "trained", model.eval()


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = model.eval()(input_ids=torch.tensor([[2, 7, 9, 3]])).logits[0]
    return found


@pytest.mark.parametrize("kind", ENCODERS)
def test_classes_in_another_order_answer_as_they_did(kind: str, tmp_path: Path) -> None:
    folder, before = trained(tmp_path, classes("positive", "neutral", "negative"), kind)
    model = TASK.build(folder, classes("negative", "neutral", "positive"), PARAMS)
    torch.testing.assert_close(logits(model), logits(before).flip(0), rtol=0, atol=1e-6)
    more = TASK.build(folder, classes("negative", "new", "positive"), PARAMS)
    old, new = logits(before), logits(more)
    torch.testing.assert_close(new[[0, 2]], old[[2, 0]], rtol=0, atol=1e-6)
    assert abs(float(new[1] - old[1])) > 1e-3, "the row of another class is not lent by its place"


@pytest.mark.parametrize("kind", ENCODERS)
def test_of_another_number_of_classes_the_known_go_on(kind: str, tmp_path: Path) -> None:
    folder, before = trained(tmp_path, classes("a", "b", "c"), kind)
    for names in (("c", "a"), ("a", "c", "d", "e")):
        found = logits(TASK.build(folder, classes(*names), PARAMS))
        for place, name in enumerate(names):
            if name in "abc":
                assert float(found[place]) == pytest.approx(float(logits(before)["abc".index(name)]), abs=1e-6)


@pytest.mark.parametrize("kind", ENCODERS)
def test_other_names_begin_fresh_and_leave_the_rest_alone(kind: str, tmp_path: Path) -> None:
    folder, before = trained(tmp_path, classes("a", "b", "c"), kind)
    torch.manual_seed(3)
    model = TASK.build(folder, classes("p", "q", "r"), PARAMS)
    changed = {
        name for name, item in model.named_parameters() if not torch.equal(item, dict(before.named_parameters())[name])
    }
    assert len(changed) == 2 and {name.rsplit(".", 1)[1] for name in changed} == {"weight", "bias"}
    assert not any(name.startswith(f"{model.base_model_prefix}.") for name in changed)
    biases = [item for name, item in model.named_parameters() if name in changed and name.endswith("bias")]
    assert not biases[0].any() and logits(model).std() > 0, "the old biases were 1, 2 and 3"
    torch.manual_seed(3)
    again = TASK.build(folder, classes("p", "q", "r"), PARAMS)
    assert torch.equal(logits(model), logits(again))


def test_placeholders_begin_fresh(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path, classes("a", "b"))
    config = json.loads((folder / "config.json").read_text())
    config |= {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}, "label2id": {"LABEL_0": 0, "LABEL_1": 1}}
    (folder / "config.json").write_text(json.dumps(config))
    assert logits(TASK.build(folder, classes("a", "b"), PARAMS)).abs().max() < 0.9
    assert own_head(TASK.skeleton(folder, classes("a", "b"), Training()), folder, classes("a", "b")) == HeadStart()


@pytest.mark.parametrize("kind", tiny.ENCODERS)
def test_a_classifier_as_base_of_numbers_begins_at_their_mean(kind: str, tmp_path: Path) -> None:
    """Its head of another shape is not missing from the files, and yet fresh."""
    folder, _ = trained(tmp_path, classes("a", "b", "c"), kind)
    number = Labels(problem="regression", low=40, high=60, start=[49.1])
    assert float(logits(TASK.build(folder, number, PARAMS))) == pytest.approx(49.1, abs=2)
    ordered = Labels(problem="ordinal", names=list("abcdefghi"), low=0, high=8)
    assert float(logits(TASK.build(folder, ordered, PARAMS))) == pytest.approx(4, abs=2)
    rare = classes("x", "b", "y", problem="multi_label", start=[-4.0, 0.0, 2.0])
    found = logits(TASK.build(folder, rare, PARAMS))
    assert float(found[0]) == pytest.approx(-4, abs=1) and float(found[2]) == pytest.approx(2, abs=1)
    assert float(found[1]) > 1, "the known one keeps what it learnt"


def test_one_named_class_is_no_number(tmp_path: Path) -> None:
    folder, _ = trained(tmp_path, classes("toxic", problem="multi_label"))
    number = Labels(problem="regression", start=[49.1])
    assert float(logits(TASK.build(folder, number, PARAMS))) == pytest.approx(49.1, abs=2)
    model = TASK.build(folder, number, PARAMS)
    model.save_pretrained(tmp_path / "number")
    assert model.config.id2label == {0: "LABEL_0"}
    again = TASK.build(tmp_path / "number", number.model_copy(update={"start": [0.0]}), PARAMS)
    assert torch.equal(logits(again), logits(model)), "what was trained for numbers goes on as it is"
    assert not own_head(TASK.skeleton(folder, number, Training()), folder, number).number  # type: ignore[union-attr]


def test_pickled_weights_are_matched_too(tmp_path: Path) -> None:
    folder, before = trained(tmp_path, classes("a", "b", "c"))
    torch.save(before.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    two = classes("c", "b")
    torch.testing.assert_close(logits(TASK.build(folder, two, PARAMS)), logits(before)[[2, 1]])
    assert own_head(TASK.skeleton(folder, two, Training()), folder, two) == HeadStart(
        own=list("abc"), rows={"c": 2, "b": 1}
    )


def test_a_base_without_a_head_has_none_to_tell_of(tmp_path: Path) -> None:
    folder = small.base_model(tmp_path)
    two = classes("a", "b")
    assert own_head(TASK.skeleton(folder, two, Training()), folder, two) is None


def test_an_architecture_whose_head_is_not_known_is_left_as_it_is(monkeypatch: Any, tmp_path: Path) -> None:
    folder, before = trained(tmp_path, classes("a", "b"))

    def unknown(model: Any, outputs: int) -> Any:
        raise ModelError("model.layers", key="x", value=1)

    monkeypatch.setattr("tunebook.nets.heads.head_of", unknown)
    assert torch.equal(logits(TASK.build(folder, classes("b", "a"), PARAMS)), logits(before))
    assert own_head(before, folder, classes("b", "a")) is None
