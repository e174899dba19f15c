"""Where a training may begin: whose labels go together, and what of a head is kept."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.ground import FIRST, Ground, make_ground
from tunebook.core.errors import ModelError, PlanError, RunError
from tunebook.core.nouns import Labels, read_json, write_json
from tunebook.core.params import build
from tunebook.core.progress import Silent
from tunebook.core.registry import tasks, techniques
from tunebook.engine import continual as module
from tunebook.engine.continual import build_model, find_start, joined_labels, past_rows, read_kept
from tunebook.engine.load import load_model
from tunebook.models.source import load_tokenizer


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("past"))


def single(*names: str) -> Labels:
    return Labels(problem="single_label", names=list(names))


def test_old_names_come_first_in_their_order() -> None:
    assert joined_labels(single("b", "a"), single("a", "b")).names == ["b", "a"]
    assert joined_labels(single("z", "a"), single("a", "m", "b")).names == ["z", "a", "m", "b"]


def test_ends_and_starts_of_labels() -> None:
    old, new = (Labels(problem="regression", low=low, high=high, start=[1.0]) for low, high in ((0, 3), (-1, 2)))
    both = joined_labels(old, new)
    assert (both.low, both.high, both.start) == (-1, 3, [1.0])
    several = [Labels(problem="multi_label", names=names, start=start) for names, start in
               ((["a", "b"], [0.1, 0.2]), (["c", "b"], [0.3, 0.4]))]  # fmt: skip
    assert joined_labels(*several).start == [0.1, 0.2, 0.3]


def test_what_one_head_cannot_do_is_refused(own: Ground) -> None:
    with pytest.raises(PlanError) as caught:
        joined_labels(single("a", "b"), Labels(problem="multi_label", names=["a", "b"]), "run")
    assert caught.value.code == "forgetting.problem"
    levels = [Labels(problem="ordinal", names=names, low=0, high=1) for names in (["a", "b"], ["b", "a"])]
    with pytest.raises(PlanError) as caught:
        joined_labels(*levels)
    assert caught.value.code == "forgetting.levels"
    assert joined_labels(levels[0], levels[0]) == levels[0]
    with pytest.raises(PlanError) as caught:
        find_start(FIRST, own.data.model_copy(update={"task": "another"}))
    assert caught.value.code == "forgetting.task"


@pytest.mark.parametrize(("key", "refused"), [("lora", False), ("bitfit", False), ("prefix", True), ("adapter", True)])
def test_a_run_that_kept_only_a_part_is_taken_where_the_part_can_be_added_up(
    key: str, refused: bool, own: Ground, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    made = own.plan({key: build(techniques()[key], {}).model_dump()})
    (run / "model").mkdir(parents=True)
    (run / "model" / "base.json").write_text("{}")
    (run / "outcome.json").write_text("{}")
    write_json(made, run / "plan.json")
    if refused:
        with pytest.raises(PlanError) as caught:
            find_start(str(run), own.data)
        assert (caught.value.code, caught.value.value) == ("forgetting.part", key) and key in caught.value.message
        assert "lora" in caught.value.allowed
        return
    start = find_start(str(run), own.data)
    assert (start.model, start.whole) == (str(run / "model"), str(run / "merged"))
    first = find_start(FIRST, own.data)
    assert not first.partial and first.whole == first.model


def test_what_a_run_has_kept_is_known(own: Ground) -> None:
    assert find_start(FIRST, own.data).kept == {"si"}
    assert find_start(str(own.folder / "runs" / FIRST), own.data).path == own.folder / "runs" / FIRST


def grown(own: Ground, names: list[str], **more: Any) -> tuple[Any, Any]:
    """The model of the finished run, and the one that continues with these classes."""
    made = own.plan(continues=True)
    labels = Labels(problem="single_label", names=names, **more)
    made = made.model_copy(update={"labels": labels})
    torch.manual_seed(0)
    first = own.folder / "runs" / FIRST
    model = build_model(tasks()["text_classification"](), Path(made.model), made)
    return load_model(first / "model", read_json(type(made), first / "plan.json")).model, model


def test_a_head_grows_and_keeps_its_rows(own: Ground) -> None:
    old, model = grown(own, [*own.data.labels.names, "so"])
    assert torch.equal(model.classifier.weight[:2], old.classifier.weight.cpu())
    assert torch.equal(model.classifier.bias[:2], old.classifier.bias.cpu())
    assert model.classifier.weight.shape[0] == 3 and model.config.id2label[2] == "so"
    assert model.classifier.weight[2].abs().max() < 0.2
    _, model = grown(own, [*own.data.labels.names, "so"], start=[0.0, 0.0, -2.0])
    assert model.classifier.bias[2].item() == -2.0


def test_the_same_classes_keep_the_whole_head(own: Ground) -> None:
    old, model = grown(own, own.data.labels.names)
    for name, item in old.state_dict().items():
        assert torch.equal(model.state_dict()[name], item.cpu())


def test_a_head_that_has_another_form_is_refused(own: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_stored", lambda folder: {})
    with pytest.raises(ModelError) as caught:
        grown(own, [*own.data.labels.names, "so"])
    assert caught.value.code == "forgetting.head"


def test_no_run_before_has_no_rows(own: Ground) -> None:
    made = own.plan()
    assert past_rows(made, tasks()[made.task](), load_tokenizer(own.model), Silent()) is None
    assert module.outputs_before(made) == 0 and read_kept(made, "si") == {}


def test_rows_with_weights_beside_rows_without(own: Ground) -> None:
    made = own.plan(continues=True)
    rows = past_rows(made, tasks()[made.task](), load_tokenizer(own.model), Silent())
    assert rows is not None
    weights = np.full(len(rows), 2.0, dtype=np.float32)
    both = module._joined([rows.with_fixed(sample_weight=weights), rows])
    assert set(both.fixed["sample_weight"][: len(rows)]) == {2.0} and set(both.fixed["sample_weight"][len(rows) :]) == {
        1.0
    }


def test_rows_that_have_changed_are_refused(own: Ground, tmp_path: Path) -> None:
    made = own.plan(continues=True)
    assert made.continues is not None
    theirs = read_json(type(made), made.continues / "plan.json").model_copy(update={"data": "other"})
    write_json(theirs, tmp_path / "plan.json")
    with pytest.raises(RunError) as caught:
        changed = made.model_copy(update={"continues": tmp_path})
        past_rows(changed, tasks()[made.task](), load_tokenizer(own.model), Silent())
    assert caught.value.code == "run.data"


def test_what_is_kept_holds_all_tokens_whatever_was_trained(own: Ground, tmp_path: Path) -> None:
    """A run of fewer token vectors reads its part of the file, and leaves the rest of it as it was."""
    values = build(techniques()["si"], {}).model_dump()
    made = own.plan({"si": values}, max_steps=2, eval_every=2)
    name = "bert.embeddings.word_embeddings.weight"
    training = own.fit(tmp_path / "run", made)
    training.run()
    write_json(made, tmp_path / "run" / "plan.json")
    later = made.model_copy(update={"continues": tmp_path / "run"})
    before, after = (read_kept(item, "si")[name] for item in (made, later))
    assert after.shape == before.shape == (50, 16)
    assert (after >= before).all() and (after > before).any()
    model = SimpleNamespace(get_input_embeddings=lambda: None)
    assert module.kept_for(model, {name: before})[name] is before


def test_a_model_with_all_its_tokens_keeps_what_it_has(own: Ground, tmp_path: Path) -> None:
    model = SimpleNamespace(get_input_embeddings=lambda: None)
    module.write_kept(tmp_path, {"si": {"a": torch.ones(2)}}, model, own.plan())
    later = own.plan().model_copy(update={"continues": tmp_path})
    write_json(own.plan(), tmp_path / "plan.json")
    assert read_kept(later, "si")["a"].tolist() == [1, 1]
