"""A student is an ordinary model of fewer layers, with the weights of those that it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests import tiny
from tests.ground import Ground, weights
from tunebook.core.errors import PlanError
from tunebook.core.technique import RunContext
from tunebook.models.architecture import depths
from tunebook.techniques.student import Student

ENCODERS = (*tiny.ENCODERS, "xlm-roberta")


@pytest.mark.parametrize("kind", ENCODERS)
@pytest.mark.parametrize(("rows", "kept"), [({}, [0, 2]), ({"keep": ["1", "2"]}, [0, 1]), ({"every": 3}, [0])])
def test_it_loads_with_transformers_and_answers_the_same(
    kind: str, rows: dict[str, Any], kept: list[int], tmp_path: Path
) -> None:
    from transformers import AutoModelForSequenceClassification

    whole = tiny.classifier(kind)
    run = RunContext()
    cut = Student(**rows).prepare_model(tiny.classifier(kind), run)
    assert depths(cut).layers == len(kept) == run.counters["student"]["layers_kept"]
    prefix = depths(whole).prefix
    theirs, ours = whole.get_submodule(prefix), cut.get_submodule(prefix)
    for place, number in enumerate(kept):
        for one, other in zip(theirs[number].parameters(), ours[place].parameters(), strict=True):
            assert torch.equal(one, other)
    cut.save_pretrained(str(tmp_path))
    again, found = AutoModelForSequenceClassification.from_pretrained(str(tmp_path), output_loading_info=True)
    assert not found["missing_keys"] and not found["unexpected_keys"]
    batch = tiny.collate(tiny.rows(6), 1 if "roberta" in kind else 0)
    torch.testing.assert_close(again.eval()(**batch).logits, cut.eval()(**batch).logits)


def test_it_works_on_a_skeleton() -> None:
    with torch.device("meta"):
        net = tiny.classifier("bert")
    assert depths(Student().prepare_model(net, RunContext())).layers == 2


def test_a_layer_of_modernbert_knows_what_it_attends_to() -> None:
    net = Student(keep=["1", "3"]).prepare_model(tiny.classifier("modernbert"), RunContext())
    assert net.config.layer_types == ["full_attention", "sliding_attention"]
    assert [layer.attention_type for layer in net.model.layers] == net.config.layer_types
    assert [layer.attn.layer_idx for layer in net.model.layers if hasattr(layer.attn, "layer_idx")] in ([], [0, 1])


@pytest.mark.parametrize("keep", [["4"], ["0", "1"], ["2", "1"], ["1", "1"], ["x"], []])
def test_layers_that_are_not_there_are_refused(keep: list[str]) -> None:
    with pytest.raises(PlanError) as caught:
        Student(keep=keep).prepare_model(tiny.classifier("bert"), RunContext())
    assert caught.value.code == "distillation.layers" and "1 … 3" in str(caught.value)


def test_a_first_layer_that_is_unlike_the_others_must_stay() -> None:
    with pytest.raises(PlanError) as caught:
        Student(keep=["2", "3"]).prepare_model(tiny.classifier("modernbert"), RunContext())
    assert caught.value.code == "distillation.shape" and caught.value.allowed == "1,3"
    Student(keep=["2", "3"]).prepare_model(tiny.classifier("bert"), RunContext())


def test_what_is_kept_of_a_run_is_the_student(ground: Ground, tmp_path: Path) -> None:
    made = ground.plan({"student": Student().model_dump()}, max_steps=2, eval_every=2)
    outcome = ground.fit(tmp_path, made).run()
    assert outcome.counters["student"] == {"layers_kept": 2, "layers_dropped": 1}
    assert {name.split(".")[3] for name in weights(tmp_path, made) if ".layer." in name} == {"0", "1"}
