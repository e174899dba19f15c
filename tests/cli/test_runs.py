"""tunebook runs: what has been trained."""

from __future__ import annotations

import shutil
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


def test_a_book_of_many_runs_shows_the_newest_and_all_when_asked(tunebook: Call, fresh: Path, book: Path) -> None:
    whole = next((book / "runs").glob("*/plan.json")).parent
    for number in range(52):
        folder = fresh / "runs" / f"20260101-{number:06d}-many"
        folder.mkdir(parents=True)
        shutil.copy(whole / "plan.json", folder)
    short = tunebook("runs", fresh)
    assert "2 earlier runs" in short.out and short.out.count("-many") == 50 and "--all" in short.out
    every = tunebook("runs", fresh, "--all")
    assert every.out.count("-many") == 52 and "earlier" not in every.out
    assert len(tunebook("runs", fresh, "--json").json["runs"]) == 52
