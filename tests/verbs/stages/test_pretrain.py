"""What the stage pretrain plans, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.small import write_csv
from tunebook.core.errors import PlanError
from tunebook.core.nouns import DataRef
from tunebook.data.prepare import prepare
from tunebook.nets.masking import Masking
from tunebook.tables.make import new_table
from tunebook.verbs.stages.pretrain import Pretrain


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataRef:
    folder = tmp_path_factory.mktemp("book")
    (folder / "raw.txt").write_text("\n".join(text for text, _ in small.texts(80, 3, seed=9)))
    return prepare([write_csv(folder / "rows.csv", 60)], folder / "data")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        "masked": small.base_model(tmp_path_factory.mktemp("masked")),
        "causal": nameless(small.base_model(tmp_path_factory.mktemp("causal"), "llama")),
    }


def nameless(folder: Path) -> Path:
    """Without a mask token, as causal models are."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(folder)
    assert AutoTokenizer.from_pretrained(folder).mask_token_id is None
    return folder


def part(model: Path, data: DataRef, **rows: Any) -> Any:
    table = new_table({"base_model": str(model), "precision": "fp32", "dropout": 0.4})
    (made,) = Pretrain(file="raw.txt", **{"max_length": 16, **rows}).parts(table, data)
    return made


def test_a_part_has_the_settings_of_its_rows_and_the_rows_that_it_fills(models: Any, data: DataRef) -> None:
    made = part(models["masked"], data, max_steps=7, eval_every=3, mask_share=0.3, seed=5)
    values = made.table.values()
    assert values["eval_every"] == 3
    assert (values["max_steps"], values["max_length"], values["precision"]) == (7, 16, "fp32")
    assert (values["dropout"], values["early_stopping_patience"]) == (None, None), "not those of the task"
    assert made.more == Masking(mask_share=0.3, whole_words=True)
    assert (made.seed, made.data.task) == (5, "masked_lm")
    tokens = sum(len(text.split()) + 1 for text, _ in small.texts(80, 3, seed=9))
    assert sum(made.data.rows.values()) == pytest.approx(tokens / 14, abs=2)
    assert made.data.stats["packed"]["rows"] == made.data.rows["train"]
    assert part(models["masked"], data, max_length=32).data.rows["train"] < made.data.rows["train"]


def test_a_causal_model_learns_the_next_token(models: Any, data: DataRef) -> None:
    made = part(models["causal"], data)
    assert (made.data.task, made.more) == ("causal_lm", None)
    assert part(models["causal"], data, objective="causal").data.task == "causal_lm"


@pytest.mark.parametrize(("kind", "objective"), [("masked", "causal"), ("causal", "mlm")])
def test_an_objective_that_the_model_cannot_learn(kind: str, objective: str, models: Any, data: DataRef) -> None:
    with pytest.raises(PlanError) as caught:
        part(models[kind], data, objective=objective)
    assert (caught.value.code, caught.value.key) == ("stages.objective", "pretrain.objective")


@pytest.mark.parametrize(("file", "code"), [(None, "stages.file"), ("nothing.txt", "input.file")])
def test_no_file(file: str | None, code: str, models: Any, data: DataRef) -> None:
    with pytest.raises(PlanError) as caught:
        Pretrain(file=file).parts(new_table({"base_model": str(models["masked"])}), data)
    assert (caught.value.code, caught.value.key) == (code, "pretrain.file")
