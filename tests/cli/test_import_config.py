"""tunebook import-config: other tools' configurations from the command line."""

from __future__ import annotations

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
