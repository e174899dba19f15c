"""What is taken, and what each key is told."""

from __future__ import annotations

import json

import pytest
from tests.tables.foreign.conftest import SAMPLES, notes

from tunebook.core import registry
from tunebook.core.errors import TableError
from tunebook.tables.foreign import read_foreign


def test_rows_of_lora_count_only_where_the_file_trains_it():
    full = read_foreign(SAMPLES / "llama_factory_full.yaml")
    assert notes(full)["lora_rank"].action == "not_applicable" and "lora.rank" not in full.table().rows


def test_without_torch_techniques_are_not_available(monkeypatch):
    def missing(*key):
        raise ModuleNotFoundError("no torch", name="torch")

    monkeypatch.setattr(registry, "techniques", missing)
    monkeypatch.setattr(registry, "own_technique", missing)
    imported = read_foreign(SAMPLES / "llama_factory_lora.yaml")
    assert notes(imported)["lora_rank"].action == notes(imported)["finetuning_type"].action == "not_available"
    assert imported.values["max_epochs"] == 3 and not {"learning_rate", "lora"} & set(imported.values)


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
    wrong = read_foreign(config(tmp_path, {"learning_rate": 5, "optim": "lion"}))
    with pytest.raises(TableError, match=r"importing\.nothing") as caught:
        wrong.table()
    assert "> 0 and <= 1" in caught.value.message and "adafactor" in caught.value.message  # all refusals at once
