"""tunebook table: versions of a book's table from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.core.settings import Settings


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def test_show(tunebook: Call, fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = tunebook("table", "show", fresh, "--json").json
    assert set(data["rows"]) == set(Settings.model_fields) and data["version"] == 1
    monkeypatch.setenv("COLUMNS", "80")
    out = tunebook("table", "show", fresh).out
    assert "• max_epochs" in out and "start of every random draw" in out
    assert max(len(line) for line in out.splitlines() if line.startswith("    ")) < 80
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    out = tunebook("table", "show", fresh).out
    assert "推荐值" in out and "随机种子" in out


def test_set_makes_a_child(tunebook: Call, own: Path) -> None:
    done = tunebook("table", "set", own, "lr=5e-5", "freeze=on", "--note", "why [not]", "--owner", "An", "--json")
    assert done.code == 0 and (done.json["version"], done.json["parent"]) == ("v2", "v1")
    assert {"row": "learning_rate", "from": 1e-4, "to": 5e-5} in done.json["changes"]
    data = tunebook("table", "show", own, "--table", "v2", "--json").json
    assert data["owner"] == "An" and data["note"].startswith("why [not]") and data["parent"] == 1
    out = tunebook("table", "set", own, "batch_size=8", "--table", "v2").out
    assert "Added version v3" in out and "tunebook train" in out
    listed = tunebook("table", "list", own, "--json").json["versions"]
    assert [(item["version"], item["parent"], item["champion"]) for item in listed] == [
        ("v1", None, True),
        ("v2", "v1", False),
        ("v3", "v2", False),
    ]
    out = tunebook("table", "list", own).out
    assert "champion" in out and "why [not]" in out


def test_set_refuses(tunebook: Call, own: Path) -> None:
    value = tunebook("table", "show", own, "--json").json["rows"]["batch_size"]["value"]
    for words, code in (
        (["lr"], "cli.option"),
        (["lr=1", "lr=2"], "cli.twice"),
        (["learning_rat=1"], "row.unknown"),
        (["learning_rate=7"], "row.value"),
        ([f"batch_size={value}"], "cli.no_change"),
    ):
        assert tunebook("table", "set", own, *words, "--json").json["error"]["code"] == code
    assert len(tunebook("table", "list", own, "--json").json["versions"]) == 1


def test_diff(tunebook: Call, own: Path) -> None:
    tunebook("table", "set", own, "seed=1")
    changes = tunebook("table", "diff", own, "v1", "v2", "--json").json["changes"]
    assert changes == [{"row": "seed", "from": 42, "to": 1}]
    assert "seed" in tunebook("table", "diff", own, "v1", "v2").out
    assert "All values are the same" in tunebook("table", "diff", own, "v1", "champion").out


@pytest.mark.parametrize("ending", ["json", "yaml", "csv", "xlsx"])
def test_out_and_in_again(tunebook: Call, own: Path, tmp_path: Path, ending: str) -> None:
    tunebook("table", "set", own, "seed=9")
    path = tmp_path / f"table.{ending}"
    assert tunebook("table", "export", own, path, "--table", "v2", "--json").json == {
        "version": "v2",
        "path": str(path),
    }
    refused = tunebook("table", "export", own, path)
    assert refused.code == 2 and "table.exists" in refused.err
    done = tunebook("table", "import", own, path, "--note", "from a friend", "--json")
    assert (done.json["version"], done.json["parent"]) == ("v3", "v1")
    assert tunebook("table", "diff", own, "v2", "v3", "--json").json["changes"] == []
    assert tunebook("table", "show", own, "--table", "v3", "--json").json["note"].startswith("from a friend")
    assert "Wrote v1" in tunebook("table", "export", own, tmp_path / f"other.{ending}").out


def test_an_owners_words_stay(tunebook: Call, own: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,value,description\nseed,5,our lucky number\n", encoding="utf-8")
    tunebook("table", "import", own, path)
    assert "our lucky number" in tunebook("table", "show", own, "--table", "latest").out
    assert "our lucky number" in tunebook("table", "show", own, "--table", path).out
