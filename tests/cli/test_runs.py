"""tunebook runs: what has been trained."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from tests.cli.conftest import EPOCHS, Call

from tunebook.verbs.steps.runs import LOCK


def test_runs(tunebook: Call, book: Path) -> None:
    runs = tunebook("runs", book, "--json").json["runs"]
    first = runs[-1]
    assert first["finished"] is True and first["table"] is None and first["split"] == "test"
    assert first["interval"][0] <= first["value"] <= first["interval"][1]
    shown = tunebook("runs", book).out
    assert first["run"] in shown and "finished" in shown and f"{first['near']} + " in shown


@pytest.fixture
def own(fresh: Path, tmp_path: Path) -> Path:
    """A book without runs, of one's own."""
    return Path(shutil.copytree(fresh, tmp_path / "own"))


def test_no_runs(tunebook: Call, fresh: Path) -> None:
    done = tunebook("runs", fresh)
    assert "Nothing has been trained" in done.out and "tunebook train" in done.out
    assert tunebook("runs", fresh, "--json").json["runs"] == []


def test_a_book_of_many_runs_shows_the_newest_and_all_when_asked(tunebook: Call, own: Path, book: Path) -> None:
    whole = next((book / "runs").glob("*/plan.json")).parent
    for number in range(52):
        folder = own / "runs" / f"20260101-{number:06d}-many"
        folder.mkdir(parents=True)
        shutil.copy(whole / "plan.json", folder)
    short = tunebook("runs", own)
    assert "2 earlier runs" in short.out and short.out.count("-many") == 50 and "--all" in short.out
    every = tunebook("runs", own, "--all")
    assert every.out.count("-many") == 52 and "earlier" not in every.out
    assert len(tunebook("runs", own, "--json").json["runs"]) == 52


def test_a_damaged_run_hides_no_others(book: Path, tmp_path: Path, tunebook: Call) -> None:
    book = Path(shutil.copytree(book, tmp_path / "book"))
    (good,) = (book / "runs").iterdir()
    for number, (name, file) in enumerate(
        (("plan", "plan.json"), ("outcome", "outcome.json"), ("report", "report.json"), ("gone", "plan.json"))
    ):
        run = shutil.copytree(good, book / "runs" / f"2099010{number}-000000-{good.name[16:]}")
        run.joinpath(file).unlink() if name == "gone" else run.joinpath(file).write_text("{")
    (shutil.copytree(good, book / "runs" / f"20990105-000000-{good.name[16:]}") / "model/model.safetensors").unlink()
    found = tunebook("runs", book, "--json")
    codes = [run["fault"] and run["fault"]["code"] for run in found.json["runs"]]
    assert codes == ["run.no_model", "file.missing", "file.damaged", "file.damaged", "file.damaged", None]
    assert found.json["runs"][-1]["run"] == good.name and found.code == 0
    shown = tunebook("runs", book).out
    assert shown.count("damaged") >= 5 and good.name in shown and "tunebook doctor" in shown
    (book / "data" / "split.json").write_text("{")
    assert tunebook("runs", book, "--json").json["runs"][-1]["value"] == found.json["runs"][-1]["value"]
    assert tunebook("predict", book, "a room", "--run", good.name, "--json").json["error"]["code"].startswith("file.")


def test_a_damaged_report_is_made_anew_and_a_model_that_is_gone_says_how(
    book: Path, tmp_path: Path, tunebook: Call
) -> None:
    book = Path(shutil.copytree(book, tmp_path / "book"))
    (run,) = (book / "runs").iterdir()
    before = (run / "report.json").read_text()
    (run / "report.json").write_text(before[:99])
    done = tunebook("train", book, *EPOCHS, "--json")
    assert done.code == 0 and done.json["finished_before"] and "report.json is damaged" in " ".join(done.err.split())
    assert json.loads((run / "report.json").read_text())["metrics"] == json.loads(before)["metrics"]
    shutil.rmtree(run / "model")
    for words in (("train", book, *EPOCHS), ("predict", book, "a room"), ("eval", book)):
        refused = tunebook(*words, "--json")
        assert refused.code == 3 and "--again" in refused.json["error"]["advice"], words


def test_a_run_that_has_not_finished_is_to_go_on(tunebook: Call, own: Path, book: Path) -> None:
    plan = json.loads(next((book / "runs").glob("*/plan.json")).read_text(encoding="utf-8"))
    folder = own / "runs" / "20260102-000000-stopped"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text(json.dumps(plan | {"table_version": 3}), encoding="utf-8")
    stopped = tunebook("runs", own).out
    assert f"tunebook train {own} --table v3" in stopped and "tunebook predict" not in stopped
    with FileLock(folder / LOCK):
        trains = tunebook("runs", own).out
        assert "Trains" in trains and "unfinished" not in trains and "Next" not in trains
        assert tunebook("runs", own, "--json").json["runs"][0]["at_work"]
    (folder / "failed.json").write_text('{"code": "run.diverged"}')
    assert "--table v3" not in tunebook("runs", own).out
