"""tunebook import-config: other tools' configurations from the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

SAMPLES = Path(__file__).parents[1] / "tables" / "foreign" / "samples"


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def test_a_table_file(tunebook: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = tunebook("import-config", SAMPLES / "axolotl.yml", "--json").json
    assert (done["tool"], done["path"]) == ("axolotl", "axolotl.table.yaml") and "table" not in done
    assert (tmp_path / "axolotl.table.yaml").is_file()
    assert set(done["notes"][0]) == {"key", "value", "action", "row", "why"}
    again = tunebook("import-config", SAMPLES / "axolotl.yml")
    assert again.code == 2 and "table.exists" in again.err
    out = tunebook("import-config", SAMPLES / "axolotl.yml", "--out", tmp_path / "t.csv", "--from", "axolotl").out
    assert "converted" in out and "Not applicable" in out and "tunebook table import BOOK" in out


def test_a_child_version(tunebook: Call, own: Path) -> None:
    done = tunebook("import-config", SAMPLES / "llama_factory_full.yaml", "--book", own, "--owner", "An", "--json").json
    assert (done["table"], done["parent"]) == ("v2", "v1") and "path" not in done
    table = tunebook("table", "show", own, "--table", "v2", "--json").json
    assert (table["owner"], table["rows"]["batch_size"]["value"]) == ("An", 32)
    assert table["rows"]["weight_decay"]["value"] == 0.01
    again = tunebook("import-config", SAMPLES / "ms_swift.sh", "--book", own, "--out", own / "t.json", "--json").json
    assert again["table"] == "v3" and Path(again["path"]).is_file()
    assert "tunebook table diff" in tunebook("import-config", SAMPLES / "ms_swift.yaml", "--book", own).out


def test_nothing_new(tunebook: Call, own: Path, tmp_path: Path) -> None:
    path = tmp_path / "args.json"
    path.write_text('{"seed": 42, "gradient_accumulation_steps": 1}', encoding="utf-8")
    refused = tunebook("import-config", path, "--book", own, "--json").json["error"]
    assert refused["code"] == "cli.no_change"
    path.write_text('{"a": 1}', encoding="utf-8")
    assert tunebook("import-config", path, "--json").json["error"]["code"] == "importing.whose"


def test_all_taken(tunebook: Call, tmp_path: Path) -> None:
    path = tmp_path / "args.json"
    path.write_text('{"seed": 42, "learning_rate": 1e-5}', encoding="utf-8")
    out = tunebook("import-config", path, "--out", tmp_path / "t.yaml").out
    assert "Not applicable" not in out and "taken" in out


def test_none_taken_but_told(tunebook: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    out = tunebook("import-config", SAMPLES / "training_args.json", "--out", tmp_path / "t.xlsx").out
    assert "不适用" in out and "改名" in out and "已把参数表写入" in out


LORA = """
model_name_or_path: {model}
stage: {stage}
finetuning_type: lora
lora_rank: 4
lora_target: query,value
use_rslora: true
use_dora: true
quantization_bit: {bits}
learning_rate: 3.0e-4
per_device_train_batch_size: 32
max_steps: 6
lr_scheduler_type: constant
"""


@pytest.fixture
def lora(tmp_path: Path, model: Path) -> Path:
    """A LoRA configuration of LLaMA-Factory for a small base."""
    path = tmp_path / "lora.yaml"
    path.write_text(LORA.format(model=model, stage="sft", bits="null"), encoding="utf-8")
    return path


def test_a_lora_file_trains_at_its_own_rate(tunebook: Call, own: Path, lora: Path) -> None:
    notes = {note["key"]: note for note in tunebook("import-config", lora, "--book", own, "--json").json["notes"]}
    assert [notes[key]["row"] for key in ("learning_rate", "use_rslora", "use_dora", "lora_target")] == [
        "lora.learning_rate", "lora.rank_stabilized", "lora.decompose", "lora.targets",
    ]  # fmt: skip
    rows = {
        name: row["value"]
        for name, row in tunebook("table", "show", own, "--table", "v2", "--json").json["rows"].items()
    }
    assert (rows["lora.learning_rate"], rows["lora.targets"], rows["lora.alpha"]) == (3e-4, "query|value", 8.0)
    assert rows["lora.rank_stabilized"] is rows["lora.decompose"] is True
    done = tunebook("train", own, "--table", "v2", "--no-eval", "--track", "none", "--json").json
    history = [json.loads(line) for line in (Path(done["path"]) / "metrics.jsonl").read_text("utf-8").splitlines()]
    assert done["learning_rate"] == 3e-4 == max(entry.get("learning_rate", 0) for entry in history)


def test_another_kind_of_job_is_told_first(
    tunebook: Call, own: Path, lora: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lora.write_text(LORA.format(model=model, stage="dpo", bits=8) + "optim: lion\n", encoding="utf-8")
    done = tunebook("import-config", lora, "--book", own)
    assert max(map(len, done.out.partition("lora.yaml: a config")[0].splitlines())) <= 80
    first = " ".join(done.out.partition("lora.yaml: a config")[0].split())
    assert "another kind of job" in first and "preferences" in first and "stage = dpo" in first
    told = " ".join(done.out.split())
    assert "2 refused" in told and "quantization_bit, optim" in told and "none | 4bit" in told
    data = tunebook("import-config", lora, "--book", own, "--json").json
    assert data["job"] == {"kind": "preference", "key": "stage", "value": "dpo"}
    assert data["refused"] == ["quantization_bit", "optim"] and data["warnings"] == []
    lora.write_text(LORA.format(model=model, stage="dpo", bits="null") + "pref_beta: 0.2\n", encoding="utf-8")
    data = tunebook("import-config", lora, "--book", own, "--json").json
    assert len(data["warnings"]) == 1 and data["warnings"][0].endswith("left out: preference.beta")
    shown = tunebook("table", "show", own, "--table", data["table"], "--json").json["rows"]
    assert not [row for row in shown if row.startswith("preference.")]
    told = tunebook("import-config", lora, "--out", lora.with_suffix(".table.yaml")).out
    assert "settings for a book of the task preference" in " ".join(told.split())
    lora.write_text(LORA.format(model=model, stage="rm", bits="null"), encoding="utf-8")
    told = tunebook("import-config", lora, "--out", lora.with_suffix(".table.json")).out
    assert "another kind of job than any book" in " ".join(told.split())
    assert tunebook("import-config", SAMPLES / "ms_swift.sh", "--book", own).out.startswith("ms_swift.sh: a config")


def test_the_base_model_is_not_swapped_without_a_word(tunebook: Call, own: Path, lora: Path, model: Path) -> None:
    lora.write_text(LORA.format(model="some/llm-7b", stage="sft", bits="null"), encoding="utf-8")
    told = tunebook("import-config", lora, "--book", own, "--json").json["warnings"]
    assert len(told) == 1 and f"now some/llm-7b in place of {model}" in told[0]
    back = told[0].partition("tunebook ")[2].split()
    assert tunebook(*back).code == 0 and tunebook("check", own, "--table", "v3").code == 0


def test_what_the_file_trains_with_replaces_what_the_book_had(tunebook: Call, own: Path, lora: Path) -> None:
    tunebook("table", "set", own, "ia3=on", "focal.gamma=1")
    tunebook("promote", own, "v2", "--reason", "a test", "--force")
    data = tunebook("import-config", lora, "--book", own, "--json").json
    assert data["parent"] == "v2" and len(data["warnings"]) == 1
    assert "(lora): ia3." in data["warnings"][0]
    rows = tunebook("table", "show", own, "--table", "v3", "--json").json["rows"]
    assert "focal.gamma" in rows and "ia3.learning_rate" not in rows


def test_a_rate_of_a_file_that_names_no_method(tunebook: Call, own: Path, tmp_path: Path) -> None:
    tunebook("table", "set", own, "lora=on")
    tunebook("promote", own, "v2", "--reason", "a test", "--force")
    path = tmp_path / "args.json"
    path.write_text('{"learning_rate": 1e-5, "num_train_epochs": 2}', encoding="utf-8")
    warned = tunebook("import-config", path, "--book", own, "--json").json["warnings"]
    assert len(warned) == 1 and "lora.learning_rate = 0.001 takes its place" in warned[0]
