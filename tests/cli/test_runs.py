"""tunebook runs: what has been trained."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call


def test_runs(tunebook: Call, book: Path) -> None:
    runs = tunebook("runs", book, "--json").json["runs"]
    first = runs[-1]
    assert first["finished"] is True and first["table"] is None and first["split"] == "test"
    assert first["interval"][0] <= first["value"] <= first["interval"][1]
    shown = tunebook("runs", book).out
    assert first["run"] in shown and "finished" in shown and "unsaved" in shown


def test_no_runs(tunebook: Call, fresh: Path) -> None:
    done = tunebook("runs", fresh)
    assert "Nothing has been trained" in done.out and "tunebook train" in done.out
    assert tunebook("runs", fresh, "--json").json["runs"] == []
