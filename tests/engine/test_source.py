"""Rows of other files and models of other runs reach a technique as those of the book do."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tests import small
from tests.engine.test_inputs import Borrow
from tests.ground import FIRST, MORE, Ground, make_ground
from tunebook.core import registry
from tunebook.core.errors import PlanError, RunError
from tunebook.core.training_source import TrainingSource
from tunebook.data.load import load
from tunebook.data.prepare import prepare
from tunebook.engine import inputs as module
from tunebook.engine import source as own
from tunebook.engine.source import BookSource


@pytest.fixture(scope="module")
def own_ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return make_ground(tmp_path_factory.mktemp("inputs"))


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "techniques", lambda: {"borrow": Borrow})


def source(ground: Ground, folder: Path, **rows: str) -> tuple[object, object]:
    made = ground.plan({}, max_steps=2).model_copy(update={"techniques": {"borrow": Borrow(**rows).model_dump()}})
    made = made.model_copy(update={"inputs": module.inputs_of([Borrow(**rows)], ground.folder)})
    training = ground.fit(folder, made)
    training.prepare()
    return training, training.context.source


def test_rows_of_a_file_are_read_like_the_books(own_ground: Ground, tmp_path: Path) -> None:
    training, of = source(own_ground, tmp_path, file=MORE)
    bare, full = of.rows("borrow.file"), of.rows("borrow.file", labelled=True)  # type: ignore[attr-defined]
    assert len(bare) == len(full) == 24
    assert "labels" not in bare.fixed and set(full.fixed["labels"]) == {0, 1}
    assert (bare.fixed["row"] == -1).all()
    sizes = [len(batch["input_ids"]) for batch in of.batches(full, 10)]  # type: ignore[attr-defined]
    assert sizes == [10, 10, 4]
    assert 0 <= of.score(training.context.model)["accuracy"] <= 1  # type: ignore[attr-defined]
    assert of.past is None  # type: ignore[attr-defined]


def test_a_file_that_changed_after_planning_is_refused(own_ground: Ground, tmp_path: Path) -> None:
    (own_ground.folder / "later.csv").write_bytes((own_ground.folder / MORE).read_bytes())
    _, of = source(own_ground, tmp_path, file="later.csv")
    (own_ground.folder / "later.csv").write_text("text,label\na,good\nb,bad\n")
    with pytest.raises(RunError) as caught:
        of.rows("borrow.file")  # type: ignore[attr-defined]
    assert caught.value.code == "run.input"


def test_a_teacher_answers_on_the_training_rows(own_ground: Ground, tmp_path: Path) -> None:
    training, of = source(own_ground, tmp_path, teacher=FIRST)
    teacher = of.teacher("borrow.teacher")  # type: ignore[attr-defined]
    assert not teacher.training and not any(item.requires_grad for item in teacher.parameters())
    taught = of.taught("borrow.teacher")  # type: ignore[attr-defined]
    batch = next(of.batches(training.material.train, 200))  # type: ignore[attr-defined]
    logits = teacher(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
    assert abs(logits.numpy() - taught).max() < 1e-4
    again = of.taught("borrow.teacher")  # type: ignore[attr-defined]
    assert (again == taught).all()


def test_several_teachers_are_one_with_their_mean_probability(own_ground: Ground, tmp_path: Path) -> None:
    training, of = source(own_ground, tmp_path, teacher=FIRST)
    alone = of.taught("borrow.teacher")  # type: ignore[attr-defined]
    several = training.plan.model_copy(update={"techniques": {"borrow": {"file": None, "teacher": [FIRST, FIRST]}}})
    of.plan = several.model_copy(update={"inputs": {}})  # type: ignore[attr-defined]
    both = of.taught("borrow.teacher")  # type: ignore[attr-defined]
    chances = [np.exp(logits) / np.exp(logits).sum(1, keepdims=True) for logits in (alone, both)]
    assert abs(chances[0] - chances[1]).max() < 1e-6
    of.plan = several  # type: ignore[attr-defined]
    with pytest.raises(RunError, match=r"run\.input"):  # the hash of one run is not that of two
        of.taught("borrow.teacher")  # type: ignore[attr-defined]


def test_a_teacher_of_a_scale_says_where_on_it_a_row_is(
    own_ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One output, however many levels; those of another order are another scale."""
    training, of = source(own_ground, tmp_path, teacher=FIRST)
    scale = training.plan.labels.model_copy(update={"problem": "ordinal", "names": ["low", "some", "high"]})  # type: ignore[attr-defined]
    of.plan = training.plan.model_copy(update={"labels": scale})  # type: ignore[attr-defined]
    count = len(training.material.train)  # type: ignore[attr-defined]
    said = np.linspace(0, 2, count, dtype=np.float32)[:, None]
    monkeypatch.setattr(own, "read_plan", lambda path: of.plan)  # type: ignore[attr-defined]
    monkeypatch.setattr(BookSource, "_loaded", lambda *_: SimpleNamespace(logits=lambda *_, **__: said))
    for file in of.plan.data_path.parent.glob("cache/taught-*"):  # type: ignore[attr-defined]
        file.unlink()
    assert (of.taught("borrow.teacher") == said).all()  # type: ignore[attr-defined]
    turned = scale.model_copy(update={"names": scale.names[::-1]})
    monkeypatch.setattr(own, "read_plan", lambda path: training.plan.model_copy(update={"labels": turned}))  # type: ignore[attr-defined]
    with pytest.raises(PlanError) as caught:
        of.taught("borrow.teacher")  # type: ignore[attr-defined]
    assert caught.value.code == "input.labels"
    for file in of.plan.data_path.parent.glob("cache/taught-*"):  # type: ignore[attr-defined]
        file.unlink()


def test_further_columns_come_in_the_order_of_the_rows(tmp_path: Path) -> None:
    texts = small.texts(60)
    lines = [f"{text},{label},{number},{label},Bad " for number, (text, label) in enumerate(texts)]
    path = tmp_path / "rows.csv"
    path.write_text("text,label,level,annotator_1,annotator_2\n" + "\n".join(lines) + "\n", encoding="utf-8")
    data = prepare([path], tmp_path / "data")
    of = BookSource(SimpleNamespace(data_path=data.path, data=data.content), None, None, None, None, None, None)  # type: ignore[arg-type]
    levels = {text: number for number, (text, _) in enumerate(texts)}
    rows = load(data, "train")
    assert [int(level) for level in of.columns()["level"]] == [levels[text] for text in rows.texts]
    assert of.votes() == [[data.labels.names[int(target)], "bad"] for target in rows.targets]  # type: ignore[union-attr]


def test_a_teacher_of_other_labels_or_tokens_is_refused(own_ground: Ground, tmp_path: Path) -> None:
    training, of = source(own_ground, tmp_path, teacher=FIRST)
    of.plan = training.plan.model_copy(  # type: ignore[attr-defined]
        update={"labels": training.plan.labels.model_copy(update={"names": ["bad", "fine"]})}
    )
    with pytest.raises(PlanError) as caught:
        of.taught("borrow.teacher")  # type: ignore[attr-defined]
    assert caught.value.code == "input.labels"
    of.tokenizer.add_tokens(["unheard"])  # type: ignore[attr-defined]
    with pytest.raises(PlanError) as caught:
        of.teacher("borrow.teacher")  # type: ignore[attr-defined]
    assert caught.value.code == "input.tokens"


def test_it_gives_all_that_techniques_may_ask_for() -> None:
    asked = {name for name in vars(TrainingSource) if not name.startswith("_")}
    assert len(asked) > 8 and asked <= {*dir(BookSource), *(item.name for item in fields(BookSource))}
