"""What is taken, and what each key is told."""

from __future__ import annotations

import json
from typing import Annotated, ClassVar

import pytest
from pydantic import Field
from tests.tables.foreign.conftest import SAMPLES, notes

from tunebook.core import registry
from tunebook.core.errors import TableError
from tunebook.core.params import Row
from tunebook.core.technique import Technique
from tunebook.tables.foreign import read_foreign


class Lora(Technique):
    key: ClassVar[str] = "lora"
    rank: Annotated[int, Field(ge=1), Row("rank", zh="秩", aliases=("lora_r",))] = 8
    alpha: Annotated[float, Field(gt=0), Row("scale", zh="缩放")] = 16.0
    dropout: Annotated[float, Field(ge=0, lt=1), Row("dropout", zh="丢弃率")] = 0.0
    targets: Annotated[tuple[str, ...], Row("modules", zh="模块")] = ("query",)


def test_lora_is_taken_as_soon_as_there_is_one(own_techniques):
    own_techniques["lora"] = Lora
    imported = read_foreign(SAMPLES / "llama_factory_lora.yaml")
    assert notes(imported)["lora_target"].action == notes(imported)["lora_rank"].action == "renamed"
    rows = imported.table().values()
    assert (rows["lora.rank"], rows["lora.alpha"], rows["lora.dropout"]) == (8, 16.0, 0.05)
    assert rows["lora.targets"] == ["q_proj", "v_proj"]
    other = read_foreign(SAMPLES / "axolotl.yml")
    assert other.table().values()["lora.rank"] == 16
    full = read_foreign(SAMPLES / "llama_factory_full.yaml")
    assert notes(full)["lora_rank"].action == "not_applicable" and "lora.rank" not in full.table().rows


def test_without_torch_techniques_are_not_available(monkeypatch):
    def missing():
        raise ModuleNotFoundError("no torch", name="torch")

    monkeypatch.setattr(registry, "techniques", missing)
    imported = read_foreign(SAMPLES / "llama_factory_lora.yaml")
    assert notes(imported)["lora_rank"].action == notes(imported)["finetuning_type"].action == "not_available"
    assert imported.values["learning_rate"] == 1e-4


def config(tmp_path, data, name="c.json"):
    path = tmp_path / name
    path.write_text(json.dumps(data) if not isinstance(data, str) else data, encoding="utf-8")
    return path


def test_two_keys_for_one_row(tmp_path):
    imported = read_foreign(config(tmp_path, {"per_device_train_batch_size": 8, "per_gpu_train_batch_size": 4}))
    found = notes(imported)["per_gpu_train_batch_size"]
    assert (found.action, imported.values["batch_size"]) == ("refused", 8)
    assert "per_device_train_batch_size" in found.why


def test_values_outside_the_declared_range_are_refused(tmp_path):
    data = {"learning_rate": 5, "num_train_epochs": 0.5, "seed": "many", "optim": "lion_8bit", "weight_decay": "5%"}
    imported = read_foreign(config(tmp_path, data))
    found = notes(imported)
    assert {key for key, note in found.items() if note.action == "refused"} == set(data) - {"weight_decay"}
    assert "> 0 and <= 1" in found["learning_rate"].why
    assert imported.values == {"weight_decay": 0.05}


def test_nothing_to_take(tmp_path):
    imported = read_foreign(config(tmp_path, {"output_dir": "x", "report_to": "none"}))
    assert {note.action for note in imported.notes} == {"not_applicable"}
    with pytest.raises(TableError, match=r"importing\.nothing"):
        imported.table()
