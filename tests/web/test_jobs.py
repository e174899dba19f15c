"""Long commands that a page begins: they go on by themselves, and how they ended is known."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import BookError, RefusedError
from tunebook.web.jobs import END, Job, Jobs
from tunebook.web.runner import run


def ended(jobs: Jobs, job: Job) -> str:
    for _ in range(600):
        if (state := jobs.state(job)) != "running":
            return state
        time.sleep(0.05)
    raise AssertionError("it does not end")


def test_a_command_runs_by_itself_and_tells_how_it_ended(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    right, wrong = jobs.start(["techniques"], "ann"), jobs.start(["check", tmp_path / "none"], "bo")
    assert ended(jobs, right) == "done" and ended(jobs, wrong) == "wrong"
    assert jobs.answer(right) is None  # it gives lines
    assert jobs.answer(wrong)["error"]["code"]
    assert {job.owner for job in jobs.all()} == {"ann", "bo"} and jobs.running() == []
    assert wrong.typed == f"tunebook check {tmp_path / 'none'}" and jobs.job(right.number) == right
    assert not jobs.stop(right)


def _begun(jobs: Jobs) -> Job:
    """A job whose process is about to read what it is to do."""
    job = Job(number="x", words=["train", "none"], owner="ann", begun=time.time())
    (jobs.folder / "x").mkdir(parents=True)
    (jobs.folder / "x" / "job.json").write_text(job.model_dump_json(), encoding="utf-8")
    return job


def test_one_that_is_stopped_before_it_has_a_process_begins_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(tmp_path)
    job = _begun(jobs)
    assert jobs.stop(job)
    monkeypatch.setattr(subprocess, "Popen", None)
    assert run(jobs.folder / "x") == 143 and jobs.state(job) == "stopped" and not jobs.stop(job)


def test_one_that_is_stopped_while_its_process_begins_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(tmp_path)
    job, popen = _begun(jobs), subprocess.Popen

    def begins(words: list[str], **around: Any) -> subprocess.Popen[bytes]:
        assert jobs.stop(job)  # there is no number of a process yet
        return popen([sys.executable, "-c", "import time; time.sleep(60)"], **around)

    monkeypatch.setattr(subprocess, "Popen", begins)
    assert run(jobs.folder / "x") == 143 and jobs.state(job) == "stopped"


def test_one_whose_process_vanished_is_lost(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    job = Job(number="x", words=["train"], owner="ann", begun=0.0)
    (jobs.folder / "x").mkdir(parents=True)
    (jobs.folder / "x" / "job.json").write_text(job.model_dump_json(), encoding="utf-8")
    (jobs.folder / "y").mkdir()
    (jobs.folder / "y" / "job.json").write_text("{", encoding="utf-8")
    assert jobs.state(job) == "lost" and jobs.said(job) == "" and jobs.answer(job) is None and jobs.all() == [job]
    assert run(jobs.folder / "x") == 2 and jobs.state(job) == "wrong" and (jobs.folder / "x" / END).is_file()
    with pytest.raises(BookError, match=r"ui\.job"):
        jobs.job("none")


def test_the_newest_of_a_second_is_the_one_that_began_last(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    for number, begun in (("20260101-000000-ffffff", 1.0), ("20260101-000000-000000", 1.5)):
        job = Job(number=number, words=["x"], owner="", begun=begun, lang="en", about="one")
        (jobs.folder / number).mkdir(parents=True)
        (jobs.folder / number / "job.json").write_text(job.model_dump_json(), encoding="utf-8")
    newest = jobs.about("one")
    assert newest is not None and newest.begun == 1.5


def test_another_command_about_the_same_is_not_dropped_without_a_word(tmp_path: Path) -> None:
    jobs = Jobs(tmp_path)
    job = _begun(jobs)
    path = jobs.folder / "x" / "job.json"
    path.write_text(job.model_copy(update={"about": "one", "words": ["x", "--owner=ann"]}).model_dump_json())
    assert jobs.once(["x", "--owner=bo"], "bo", "one").number == "x", "the same is shown, whoever asks for it"
    with pytest.raises(RefusedError, match=r"ui\.busy") as refused:
        jobs.once(["x", "--accuracy", "0.8", "--owner=ann"], "ann", "one")
    assert refused.value.value == "tunebook x --owner=ann" and jobs.all()[0].number == "x"
