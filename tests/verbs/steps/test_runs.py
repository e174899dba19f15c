"""A run's folder: found by its plan, never shared, readable however it ended."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from tunebook.core.errors import BookError, RunError
from tunebook.core.nouns import Plan, write_json
from tunebook.verbs.steps import runs as module
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run, find_run, new_run, runs_in, runs_named


@pytest.fixture
def made(book: Book) -> Plan:
    return plan(book.champion, book.data)


def test_folders_are_never_shared(made: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_later", lambda folder: "20250101-000000")
    first, second = new_run(tmp_path / "runs", made), new_run(tmp_path / "runs", made)
    assert first.id == f"20250101-000000-{made.id}"
    assert second.id == f"{first.id}-2"
    assert first.book == tmp_path
    assert (
        first.begun == "2025-01-01 00:00"
        and Run(tmp_path / "mine").begun == Run(tmp_path / f"20259999-000000-{made.id}").begun == ""
    )
    here = datetime(2025, 1, 1).astimezone()  # the zone of this machine
    assert datetime.fromisoformat(first.begun_utc) == here and first.begun_utc.endswith("+00:00")
    monkeypatch.setattr(module, "range", lambda *ends: (), raising=False)
    with pytest.raises(RunError) as caught:
        new_run(tmp_path / "runs", made)
    assert caught.value.code == "run.folder"


def test_the_newest_of_this_very_plan(made: Plan, tmp_path: Path) -> None:
    assert find_run(tmp_path, made) is None
    found = [new_run(tmp_path, made) for _ in range(3)]
    assert find_run(tmp_path, made) is None, "a folder without a plan was never begun"
    for age, run in zip((9, 3), found, strict=False):  # of no account: a copy of a book has other times
        os.utime(write_json(made, run.path / "plan.json"), (age, age))
    assert find_run(tmp_path, made) == found[1]
    assert find_run(tmp_path, made.model_copy(update={"seed": 7})) is None


def test_a_new_run_comes_after_all_others_whatever_the_clock_says(
    made: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(["20250302-020000", "20250302-010000", "20250302-010000", "20250303-000000"])
    real = module.time.strftime
    monkeypatch.setattr(module.time, "strftime", lambda *given: real(*given) if given[1:] else next(now))
    (tmp_path / "mine").mkdir()
    plans = [made.model_copy(update={"seed": seed}) for seed in (4, 3, 2, 1)]
    runs = [new_run(tmp_path, each) for each in plans]
    assert [run.id[:15] for run in runs] == ["20250302-020000", "20250302-020001", "20250302-020002", "20250303-000000"]
    for run in (*runs, Run(tmp_path / "mine")):
        write_json(made, run.path / "plan.json")
    assert runs_in(tmp_path) == [Run(tmp_path / "mine"), *runs], "a name without a time tells nothing and comes first"
    monkeypatch.undo()
    (tmp_path / f"99999999-999999-{made.id}").mkdir()
    assert new_run(tmp_path, made).id < "99999999"


def test_numbered_runs_of_one_second_are_in_order(made: Plan, tmp_path: Path) -> None:
    stem = f"20250101-000000-{made.id}"
    for name in (f"{stem}-10", f"{stem}-9", stem):
        write_json(made, tmp_path / name / "plan.json")
    assert find_run(tmp_path, made) == Run(tmp_path / f"{stem}-10")


def test_a_run_that_has_just_begun(made: Plan, tmp_path: Path) -> None:
    run = Run(tmp_path)
    write_json(made, tmp_path / "plan.json")
    assert run.plan == made
    assert not run.finished
    assert run.outcome == {}
    assert run.history == []
    assert run.report is None
    with pytest.raises(RunError, match=r"tunebook train") as caught:
        run.model  # noqa: B018
    assert caught.value.code == "run.unfinished"
    (tmp_path / "metrics.jsonl").write_text('{"step": 1, "loss": NaN}\n{"step": 2, "lo')
    assert [entry["step"] for entry in run.history] == [1]
    outcome = {"seconds": 2, "rows_per_second": 1, "peak_memory_bytes": 3, "steps": 4, "device": "cpu"}
    (tmp_path / "outcome.json").write_text(json.dumps(outcome))
    assert run.outcome == outcome
    with pytest.raises(RunError, match="--again") as caught:
        run.model  # noqa: B018
    assert caught.value.code == "run.no_model"
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.safetensors").touch()
    assert run.model == tmp_path / "model"


@pytest.mark.parametrize("content", [b"", b'{"seconds": 1', b"[]", b'{"seconds": 1}', b"\xff"])
def test_a_damaged_outcome_and_a_damaged_reason_to_stop(content: bytes, tmp_path: Path) -> None:
    run = Run(tmp_path)
    (tmp_path / "failed.json").write_bytes(content)
    assert run.failure == {}, "it only says why, so the run may go on"
    (tmp_path / "outcome.json").write_bytes(content)
    with pytest.raises(BookError) as caught:
        run.outcome  # noqa: B018
    assert caught.value.code == "file.damaged"
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n' + content)
    assert run.history == [{"step": 1}]


def test_runs_by_the_beginning_of_their_names(tmp_path: Path) -> None:
    names = ["20250101-000000-aaaaaaaaaaaa", "20250101-000000-aaaaaaaaaaaa-2", "20250102-000000-aaaaaaaaaaaa", "own"]
    for name in reversed(names):
        (tmp_path / name).mkdir()
        (tmp_path / name / "plan.json").write_text("{")
    (tmp_path / "20250101-empty").mkdir()
    for begin, found in {
        names[0]: names[:1], "20250101": names[:2], "2025": names[:3], "own": ["own"], "": [names[3], *names[:3]],
        "*": [], "../runs": [], "20250101-empty": [],
    }.items():  # fmt: skip
        assert [run.id for run in runs_named(tmp_path, begin)] == found, begin
    assert runs_named(tmp_path / "none", "") == []
