"""The page of a run: followed while it trains, by whoever it was begun, stopped and taken up again."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from tests.books import Trained, base, book, trained  # noqa: F401
from tests.web.test_jobs import ended
from tests.web.visitor import Visitor, words_of

from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.runs import Run
from tunebook.web import live
from tunebook.web.jobs import Jobs
from tunebook.web.pages import run as page
from tunebook.web.pages.train import Wish

WISH = Wish("v1", "7", "max_epochs=1\nprecision=fp32\nbatch_size=16")


class Idle:
    """A process that does nothing."""

    def __init__(self, words: Any, **around: Any) -> None:
        self.wait = lambda: 0


def begun(book: Book, steps: int = 3) -> Run:  # noqa: F811
    """A run that somebody's command has begun."""
    plan = WISH.plan(book)
    run = Run(book.path / "runs" / f"20260101-000000-{plan.id}")
    run.path.mkdir(parents=True)
    (run.path / "plan.json").write_text(plan.model_dump_json(), encoding="utf-8")
    log(run, range(1, steps + 1))
    return run


def log(run: Run, steps: Any, mode: str = "w") -> None:
    with (run.path / "metrics.jsonl").open(mode, encoding="utf-8") as stream:
        for step in steps:
            stream.write(json.dumps({"step": step, "epoch": 0.1, "loss": 1 / step}) + "\n")


def test_only_what_is_new_is_told(book: Book) -> None:  # noqa: F811
    run = begun(book)
    first = live.news(run)
    assert [entry["step"] for entry in first.entries] == [1, 2, 3] and first.mark == "3-3" and not first.again
    assert live.news(run, first.mark) == live.News([], False, "3-3")
    log(run, [4], "a")
    with (run.path / "metrics.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"step": 5, "lo')  # cut off
    assert [entry["step"] for entry in live.news(run, first.mark).entries] == [4]
    log(run, [1, 2])  # it went back to a checkpoint
    back = live.news(run, "4-4")
    assert back.again and [entry["step"] for entry in back.entries] == [1, 2]
    log(run, [1, 3, 5, 7])
    assert live.news(run, "2-2").again and not live.news(run, "x").again


def test_a_number_that_is_none_can_be_sent(book: Book) -> None:  # noqa: F811
    run = begun(book, 0)
    (run.path / "metrics.jsonl").write_text('{"step": 1, "loss": NaN}\n', encoding="utf-8")
    assert live.news(run).entries == [{"step": 1, "loss": None}]


def test_pace_is_told_from_the_second_step_on() -> None:
    now = [0.0]
    pace = live.Pace(100, clock=lambda: now[0])
    assert pace.text(0) == "" and pace.text(0) == ""
    now[0] = 10.0
    assert "2 steps/s" in pace.text(20) and "40.0 s" in pace.text(20)
    pace.first = (20, 10.0)
    assert pace.text(5) == ""  # it went back


def test_where_it_stands_is_told_by_files_and_locks(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    run, jobs = begun(book), Jobs(book.path)
    assert live.standing(run, jobs) == "stopped" and live.said(run, jobs) == ""
    with FileLock(run.path / ".lock"):
        assert live.standing(run, jobs) == "trains"
    run.fail({"code": "run.diverged"})
    assert live.standing(run, jobs) == "failed"
    (run.path / "failed.json").unlink()
    job = jobs.once(["train"], "ann", run.plan_id)
    (jobs.folder / job.number / "err.txt").write_text(
        "Loads\nTraining 3/9 · 1.0/s · loss 0.4  validation accuracy 0.5\nnote\n", encoding="utf-8"
    )
    monkeypatch.setattr(Jobs, "state", lambda self, job: "running")
    assert live.job_of(run, jobs) == job and live.standing(run, jobs) == "begins"
    assert live.said(run, jobs) == "Training 3/9 · 1.0/s", "its figures are of the step before"
    (run.path / "outcome.json").write_text("{}", encoding="utf-8")
    assert live.standing(run, jobs) == "scores"


def heard(run: Run, jobs: Jobs, mark: str = "", after: int = 99) -> list[str]:
    async def all_of() -> list[str]:
        found = []
        async for text in page.followed(run, jobs, mark, live.Pace(10)):
            found.append(text)
            if len(found) == after:
                break
        return found

    return asyncio.run(all_of())


def test_events_come_until_it_ends(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr(page, "EVERY", 0.001)
    run, jobs = begun(book), Jobs(book.path)
    over = heard(run, jobs)
    assert len(over) == 2 and over[1].startswith("id: 3-3\ndata: {") and over[1].endswith("\n\n")
    assert json.loads(over[1].split("data: ")[1])["over"]
    with FileLock(run.path / ".lock"):
        still = heard(run, jobs, "2-2", after=4)
    first = json.loads(still[1].split("data: ")[1])
    assert [entry["step"] for entry in first["entries"]] == [3] and not first["over"]
    assert still[-1].startswith(":")  # nothing new for a while


def test_a_browser_without_events_asks_again(book: Book) -> None:  # noqa: F811
    run = begun(book)
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/train/{run.id}/events"
    found = visitor.get(f"{at}?once=1&after=1-1").json()
    assert [entry["step"] for entry in found["entries"]] == [2, 3] and found["over"] and found["state"] == "stopped"
    stream = visitor.get(at, headers={"last-event-id": "3-3"})
    assert stream.headers["content-type"].startswith("text/event-stream") and '"entries": []' in stream.text
    assert visitor.get(f"/book/{book.path.name}/train/none/events").status_code == 422


def test_a_part_of_the_page_is_asked_for_whole_when_it_stands_elsewhere(book: Book) -> None:  # noqa: F811
    run = begun(book)
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/train/{run.id}/state"
    assert "Go on" in visitor.get(f"{at}?was=stopped-open").text
    with FileLock(run.path / ".lock"):
        assert visitor.get(f"{at}?was=stopped-open").headers["hx-refresh"] == "true"
        assert "Ctrl-C" in visitor.get(at).text


def test_one_that_was_begun_elsewhere_is_watched_but_not_stopped(book: Book) -> None:  # noqa: F811
    run = begun(book)
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/train/{run.id}"
    with FileLock(run.path / ".lock"):
        whole = visitor.get(at).text
        assert 'data-live="1"' in whole and "Ctrl-C" in whole and "/stop" not in whole
        answer = visitor.submit(f"{at}/stop")
    assert answer.status_code == 409 and "train_page.elsewhere" in answer.text
    assert visitor.get(f"/book/{book.path.name}/train/{run.id[:-2]}", follow_redirects=False).headers["location"] == at


def test_a_run_of_a_test_does_not_go_on_alone(book: Book) -> None:  # noqa: F811
    run = begun(book)
    run.as_arm()
    visitor, at = Visitor(book.path), f"/book/{book.path.name}/train/{run.id}"
    assert "Go on" not in visitor.get(at).text
    assert "train_page.arm" in visitor.submit(f"{at}/on").text and Jobs(book.path).all() == []


def test_it_is_stopped_and_goes_on(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """Slow: a process of its own trains."""
    visitor, jobs = Visitor(book.path), Jobs(book.path)
    form = {
        "table": "v1",
        "seed": "7",
        "changes": "max_epochs=400\nprecision=fp32\nbatch_size=16\nearly_stopping_patience=none",
    }
    visitor.submit(f"/book/{book.path.name}/train", form, follow_redirects=False)
    (job,) = jobs.all()
    run = waited(lambda: next((run for run in open_book(book.path).runs if run.history), None))
    at = f"/book/{book.path.name}/train/{run.id}"
    assert "/stop" in visitor.get(at).text
    visitor.submit(f"{at}/stop")
    assert ended(jobs, job) == "stopped" and not run.finished
    whole = words_of(visitor.get(at).text)
    assert "it can go on" in whole and "run.interrupted" not in whole
    monkeypatch.setattr("tunebook.web.jobs.subprocess.Popen", Idle)
    for _ in range(2):
        assert visitor.submit(f"{at}/on", follow_redirects=False).headers["location"] == at
    other, _ = jobs.all()
    assert other.about == job.about == run.plan_id and other.words[:2] == ["train", str(book.path)]


def waited(what: Callable[[], Any]) -> Any:
    for _ in range(1200):
        if found := what():
            return found
        time.sleep(0.05)
    raise AssertionError("it does not come")


def test_a_finished_run_shows_its_report_and_what_comes_next(trained: Callable[[str], Trained]) -> None:  # noqa: F811
    found = trained("classes")
    whole = Visitor(found.book.path).get(f"/book/{found.book.path.name}/train/{found.run.id}").text
    assert f"runs/{found.run.id}/report.html" in whole and "What comes next" in whole
    assert "<svg" in whole and " style=" not in whole
    assert page.PAGE.tab == ""


def test_a_damaged_report_is_told(book: Book) -> None:  # noqa: F811
    run = begun(book)
    (run.path / "report.json").write_text("{", encoding="utf-8")
    answer = Visitor(book.path).get(f"/book/{book.path.name}/train/{run.id}")
    assert answer.status_code == 200 and "file.damaged" in answer.text


def test_the_script_is_served(tmp_path: Path) -> None:
    assert "EventSource" in Visitor(tmp_path).get("/static/train.js").text
