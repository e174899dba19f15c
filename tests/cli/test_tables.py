"""tunebook table: versions of a book's table from the command line."""

from __future__ import annotations

import csv
import errno
import json
import os
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli import tables as tables_module
from tunebook.core.errors import BookError
from tunebook.core.settings import Settings
from tunebook.tables.store import TableStore


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
    monkeypatch.setenv("COLUMNS", "40")
    out = tunebook("table", "show", fresh).out
    assert "• max_epochs\n    Value: " in out and max(map(len, out.partition("Next:")[0].splitlines())) <= 40
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    out = tunebook("table", "show", fresh).out
    assert "推荐值" in out and "随机种子" in out


def test_what_none_means_is_said_beside_a_reason(tunebook: Call, own: Path) -> None:
    tunebook("table", "set", own, "freeze.layers=none", "freeze.embeddings=true", "--note", "to see")
    out = " ".join(tunebook("table", "show", own, "--table", "v2").out.split())
    assert "• freeze.layers" not in out and "freeze.layers none none – to see lowest layers to freeze" in out
    assert "freeze.embeddings true false – to see" in out and "to see freeze the embeddings" not in out


def test_set_makes_a_child(tunebook: Call, own: Path) -> None:
    done = tunebook("table", "set", own, "lr=5e-5", "freeze=on", "--note", "why [not]", "--owner", "An", "--json")
    assert done.code == 0 and (done.json["version"], done.json["parent"]) == ("v2", "v1")
    assert {"row": "learning_rate", "from": 3e-4, "to": 5e-5} in done.json["changes"]
    data = tunebook("table", "show", own, "--table", "v2", "--json").json
    assert data["owner"] == "An" and data["note"].startswith("why [not]") and data["parent"] == 1
    assert done.json["note"] == data["note"] and "No reason was kept" not in done.err
    out = tunebook("table", "set", own, "batch_size=4", "--table", "v2").out
    assert "Added version v3" in out and "tunebook train" in out
    assert (
        f"No reason was kept: nobody will know later why v3 was made. A version with one: tunebook table set {own}"
        in out
    )
    assert "batch_size=4 --table v2 --note why" in out
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


def test_diff(tunebook: Call, own: Path, tmp_path: Path) -> None:
    tunebook("table", "set", own, "seed=1", "--note", "for luck")
    done = tunebook("table", "diff", own, "v1", "v2", "--json")
    assert done.json == [{"row": "seed", "from": 42, "to": 1}] and len(done.out.splitlines()) == 1
    assert tunebook("table", "diff", own, "v1", "v1", "--json").json == []
    out = tunebook("table", "diff", own, "v1", "v2").out
    assert "seed" in out and "for luck" in out and "Recommended" in out
    assert "All values are the same" in tunebook("table", "diff", own, "v1", "champion").out
    path = tmp_path / "t.csv"
    path.write_text("name,value\nfreeze.layers,1\n", encoding="utf-8")
    changes = tunebook("table", "diff", own, path, "v2", "--json").json
    assert {"row": "freeze.layers", "from": 1, "to": "off"} in changes


def test_diff_as_a_page(tunebook: Call, own: Path, tmp_path: Path) -> None:
    tunebook("table", "set", own, "seed=1")
    page = tmp_path / "pages" / "diff.html"
    done = tunebook("table", "diff", own, "v1", "v2", "--html", page, "--json")
    assert done.json == [{"row": "seed", "from": 42, "to": 1}]
    assert "<code>seed</code>" in page.read_text(encoding="utf-8")
    refused = tunebook("table", "diff", own, "v1", "v2", "--html", page)
    assert refused.code == 2 and "table.exists" in refused.err
    other = tmp_path / "other.html"
    assert str(other) in tunebook("table", "diff", own, "v1", "v2", "--html", other).out.replace("\n", "")


def test_equal_values_make_no_version(tunebook: Call, own: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.yaml"
    assert "Change values in the file" in tunebook("table", "export", own, path).out, "else the next command is refused"
    done = tunebook("table", "import", own, path, "--note", "again", "--json")
    assert (done.code, done.json["error"]["code"], done.json["error"]["key"]) == (2, "cli.no_change", "v1")
    assert "v1 has these values already" in tunebook("table", "import", own, path).err
    assert len(tunebook("table", "list", own, "--json").json["versions"]) == 1


def test_import_keeps_reasons(tunebook: Call, own: Path, tmp_path: Path) -> None:
    before = tunebook("table", "show", own, "--json").json["rows"]
    path = tmp_path / "flat.json"
    tunebook("table", "export", own, path, "--flat")
    values = json.loads(path.read_text(encoding="utf-8"))
    assert values["seed"] == 42 and not isinstance(values["learning_rate"], dict)
    path.write_text(json.dumps({**values, "seed": 8}), encoding="utf-8")
    tunebook("table", "import", own, path, "--note", "for luck")
    after = tunebook("table", "show", own, "--table", "v2", "--json").json["rows"]
    assert after["seed"]["reason"].startswith("for luck")
    assert {**after, "seed": before["seed"]} == before
    commented = tmp_path / "t.yaml"
    commented.write_text("seed: 9  # said here\n", encoding="utf-8")
    tunebook("table", "import", own, commented)
    assert tunebook("table", "show", own, "--table", "v3", "--json").json["rows"]["seed"]["reason"] == "said here"


def test_import_keeps_the_owner_unless_the_file_names_one(
    tunebook: Call, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, first = tmp_path / "t.yaml", TableStore(own / "tables").get(1).model_copy(update={"owner": "Olga"})
    monkeypatch.setattr(tables_module, "_origin", lambda *_: (first, ""))
    path.write_text("seed: 7\n", encoding="utf-8")
    assert tunebook("table", "import", own, path).code == 0
    path.write_text("owner: Ben\nrows:\n  seed: 8\n", encoding="utf-8")
    assert tunebook("table", "import", own, path).code == 0
    assert [TableStore(own / "tables").get(number).owner for number in (2, 3)] == ["Olga", "Ben"]


def edit(book: Path, number: int, old: str, new: str) -> Path:
    """Change a version's file by hand."""
    path = book / "tables" / f"fine_tune_params_v{number}.json"
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    return path


def test_an_edited_version_is_refused_and_kept_as_a_new_one(tunebook: Call, own: Path) -> None:
    tunebook("table", "set", own, "seed=1")
    path = edit(own, 2, '"value": 1,', '"value": 77,')
    refused = tunebook("table", "show", own, "--table", "v2", "--json").json["error"]
    assert refused["code"] == "table.damaged" and f"tunebook table import BOOK {path}" in refused["advice"]
    listed = tunebook("table", "list", own, "--json").json
    assert [(item["version"], item["damaged"]) for item in listed["versions"]] == [("v1", False), ("v2", True)]
    assert len(listed["problems"]) == 1
    out = tunebook("table", "list", own).out
    assert "damaged" in out and "champion" in out and "table import" in " ".join(out.split())
    done = tunebook("table", "import", own, path)
    assert "Added version v3" in done.out and "stays refused" in " ".join(done.out.split())
    table = tunebook("table", "show", own, "--table", "v3", "--json").json
    assert (table["parent"], table["rows"]["seed"]["value"]) == (1, 77)


def test_an_edited_champion_has_a_way_out_too(tunebook: Call, own: Path) -> None:
    path = edit(own, 1, '"value": 42', '"value": 77')
    done = tunebook("table", "import", own, path, "--json")
    assert (done.json["version"], done.json["parent"], done.json["changes"]) == ("v2", None, [])
    assert "Added version v3" in tunebook("table", "import", own, path).out
    assert tunebook("table", "show", own, "--table", "v2", "--json").json["rows"]["seed"]["value"] == 77


def test_a_damaged_log_does_not_hide_the_versions(tunebook: Call, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(store: object) -> int:
        raise BookError("table.pointer", key="the log")

    monkeypatch.setattr(TableStore, "champion", property(damaged))
    listed = tunebook("table", "list", own, "--json").json
    assert listed["versions"][0]["champion"] is False and "the log" in listed["problems"][0]


def test_a_read_only_book(tunebook: Call, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object, **more: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tunebook.tables.files.os.link", refuse)
    for words in (("set", own, "seed=1"), ("export", own, own / "t.json")):
        error = tunebook("table", *words, "--json").json["error"]
        assert error["code"] == "table.unwritable" and "Read-only" in error["message"]
    assert [item["version"] for item in tunebook("table", "list", own, "--json").json["versions"]] == ["v1"]
    assert not (own / "t.json").exists()


def test_a_formula_never_leaves_a_book(tunebook: Call, own: Path, tmp_path: Path) -> None:
    tunebook("table", "set", own, "seed=1", "--note", '=HYPERLINK("http://x","y")')
    path = tmp_path / "t.csv"
    tunebook("table", "export", own, path, "--table", "v2")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        cells = [cell for row in csv.reader(stream) for cell in row]
    assert not [cell for cell in cells if cell.startswith("=")]
    assert tunebook("table", "show", own, "--table", path, "--json").json["note"].startswith("=HYPERLINK")


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
    assert tunebook("table", "diff", own, "v2", "v3", "--json").json == []
    assert tunebook("table", "show", own, "--table", "v3", "--json").json["note"].startswith("from a friend")
    assert "Wrote v1" in tunebook("table", "export", own, tmp_path / f"other.{ending}").out


def test_an_owners_words_stay(tunebook: Call, own: Path, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("name,value,description\nseed,5,our lucky number\n", encoding="utf-8")
    tunebook("table", "import", own, path)
    assert "our lucky number" in tunebook("table", "show", own, "--table", "latest").out
    assert "our lucky number" in tunebook("table", "show", own, "--table", path).out


def test_a_row_that_trains_nothing_is_warned_of(
    tunebook: Call, own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunebook("table", "set", own, "lora.rank=4")
    file = tmp_path / "t.yaml"
    for rows, warned in (("lora: {targets: [query, value]}", 0), ("lora.rank: 2\nlearning_rate: 2e-5", 1)):
        file.write_text(rows + "\n", encoding="utf-8")  # a rate that the file does not name is not warned of
        assert len(tunebook("table", "import", own, file, "--json").json["warnings"]) == warned
    done = tunebook("table", "set", own, "lr=3e-5", "--table", "v2", "--json").json
    assert [item["fields"]["replaced_by"] for item in done["warnings"]] == ["lora.learning_rate"]
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    assert "lora.learning_rate" in tunebook("table", "set", own, "lr=4e-5", "--table", "v2").out
    assert tunebook("table", "set", own, "lora.learning_rate=3e-5", "--table", "v2", "--json").json["warnings"] == []
    assert tunebook("table", "set", own, "lr=3e-5", "--table", "v1", "--json").json["warnings"] == []
