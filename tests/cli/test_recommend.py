"""tunebook table recommend: what would be better, why, and for which machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call

from tunebook.cli.techniques import size, targets
from tunebook.core.errors import TunebookError


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty knowledge base."""
    monkeypatch.setenv("TUNEBOOK_HOME", str(tmp_path / "home"))


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "book"))


def champion(tunebook: Call, book: Path, *rows: str) -> None:
    """Make a version with these rows the champion."""
    from tunebook.verbs.promote import promote
    from tunebook.verbs.steps.book import open_book

    assert tunebook("table", "set", book, *rows).code == 0
    promote(open_book(book), "latest", force=True, reason="for the test")


def test_nothing_to_change(tunebook: Call, own: Path) -> None:
    done = tunebook("table", "recommend", own, "--json")
    assert done.code == 0
    assert done.json == {"table": None, "parent": "v1", "rows": [], "kept": [], "warnings": []}
    assert "Nothing to change: v1" in tunebook("table", "recommend", own).out


def test_rows_set_on_purpose(tunebook: Call, own: Path) -> None:
    champion(tunebook, own, "lr=5e-6", "lr_scheduler=constant")
    shown = tunebook("table", "recommend", own)
    assert shown.code == 0 and "Nothing was changed" in shown.out and "on purpose" in shown.out
    assert f"tunebook table recommend {own} --all" in shown.out
    data = tunebook("table", "recommend", own, "--all", "--dry-run", "--json").json
    assert data["table"] is None and {row["row"] for row in data["rows"]} == {"learning_rate", "lr_scheduler"}
    for row in data["rows"]:
        assert set(row) == {"row", "value", "before", "reason", "source", "confidence"}
    assert "Nothing was written" in tunebook("table", "recommend", own, "--all", "--dry-run").out
    done = tunebook("table", "recommend", own, "--all", "--note", "second opinion", "--owner", "An")
    assert "Added version v3" in done.out and "arXiv" in done.out and f"tunebook ab {own} v2 v3" in done.out
    kept = tunebook("table", "show", own, "--table", "v3", "--json").json
    assert (kept["note"], kept["owner"], kept["parent"]) == ("second opinion", "An", 2)
    listed = tunebook("table", "list", own, "--json").json["versions"]
    assert [item["version"] for item in listed if item["champion"]] == ["v2"]


def test_in_chinese(tunebook: Call, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    champion(tunebook, own, "lr=5e-6")
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    out = tunebook("table", "recommend", own).out
    assert "有意设定" in out and "把握" in out


def test_for_other_machines(tunebook: Call, own: Path) -> None:
    data = tunebook("table", "recommend", own, "--for", "memory=1KB", "--dry-run", "--json").json
    assert {"batch_size", "gradient_accumulation_steps"} <= {row["row"] for row in data["rows"]}
    assert data["warnings"]
    assert "warning" in tunebook("table", "recommend", own, "--for", "memory=1KB", "--dry-run").out.lower()
    edge = tunebook("table", "recommend", own, "--edge", "--dry-run", "--json").json
    assert edge == tunebook("table", "recommend", own, "--for", "edge=512MB", "--dry-run", "--json").json


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--for", "memory=much"], "recommend.target"),
        (["--for", "disk=3GB"], "recommend.target"),
        (["--for", "cores=0"], "recommend.target"),
        (["--for", "memory"], "cli.option"),
        (["--for", "cores=1", "--for", "cores=2"], "cli.twice"),
        (["--scale-rate", "cubic"], "cli.option"),
    ],
)
def test_refuses(tunebook: Call, own: Path, words: list[str], code: str) -> None:
    done = tunebook("table", "recommend", own, *words, "--json")
    assert done.code == 2 and done.json["error"]["code"] == code
    assert done.json["error"]["advice"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2GB", 2 << 30), ("512 MiB", 512 << 20), ("1.5g", 3 << 29), ("4", 4), ("7kb", 7168), ("1T", 1 << 40),
        ("", None), ("-1", None), ("2GBs", None), ("x", None),
    ],
)  # fmt: skip
def test_size(text: str, expected: int | None) -> None:
    assert size(text) == expected


def test_targets() -> None:
    assert targets(["memory=2GB", "gpu=0", "Cores=4", "edge=1m"]) == {
        "memory_bytes": 2 << 30,
        "gpu_memory_bytes": 0,
        "cores": 4,
        "edge_bytes": 1 << 20,
    }
    with pytest.raises(TunebookError, match=r"recommend\.target"):
        targets(["edge=0"])
