"""Scores of a run: on each split that was looked at, the owner's metrics among them, and how its answers are read."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from tunebook.core.errors import DataError, TunebookError
from tunebook.core.locations import AUTO
from tunebook.core.nouns import SPLITS, Labels, Report, read_json
from tunebook.report.named import named
from tunebook.verbs.calibrate import calibration_files
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.moved import rows_moved
from tunebook.verbs.steps.runs import Run
from tunebook.web.asked import Given
from tunebook.web.fields import Field, Typed, typed_in, words_of
from tunebook.web.page import Page
from tunebook.web.pages.errors import finished
from tunebook.web.pages.run import plain

router = APIRouter()
PAGE = Page(router, "scores", 35)
EVAL = (Field("--split", "eval_split", "choice"), Field("--no-baselines", "no_baselines", "switch"))
CALIBRATE = (
    Field("--precision", "calibrate_precision", hint="0.95"),
    Field("--recall", "calibrate_recall", hint="0.9"),
    Field("--accuracy", "calibrate_accuracy", hint="0.95"),
    Field("--cost", "calibrate_cost", "choice"),
    Field("--class", "calibrate_class", "choice"),
    Field("--grade", "calibrate_grade"),
)
WORK = {"eval": EVAL, "calibrate": CALIBRATE}


@router.get("/book/{name}/scores")
def scores(asked: Given, name: str) -> Response:
    """What is known of a run's scores; forms that find out more."""
    book = asked.book(name)
    runs = finished(book)
    run = book.run(asked.query("run") or AUTO) if runs else None
    view: dict[str, Any] = {
        "reports": [],
        "calibration": None,
        "threshold": "",
        "forms": {},
        "costless": False,
        "lines": {},
        "problems": [],
        "moved": [],
    }
    if run is not None:
        view |= {"forms": _forms(book, run), "calibrated": bool(calibration_files(run))}
        view |= {"costless": _costless(book, run), "moved": rows_moved(book, run)}
        usual = {"eval": {"split": "validation"}}
        view["lines"] = {key: words(book, run.id, key, usual.get(key, {})) for key in view["forms"]}
        for part in (_reports, _reading):
            try:
                view |= part(run)
            except TunebookError as error:
                view["problems"].append(error)
    return asked.book_page(
        "scores.html.j2",
        name,
        "scores",
        runs=named(runs, book),
        run=run,
        choices=_choices(book, run),
        work=WORK,
        **view,
    )


def _reports(run: Run) -> dict[str, Any]:
    """Scores on the splits that were looked at, the test rows first; the owner's metrics are told apart."""
    from tunebook.core.formatting import baseline_name
    from tunebook.report.calibration import otherwise
    from tunebook.report.scores import all_notes, score_rows
    from tunebook.verbs.steps.calibration import cuts_in_force

    found, cuts = [], cuts_in_force(run)
    for split in reversed(SPLITS):
        path = run.results(split) / "report.json"
        if path.is_file():
            report: Report = read_json(Report, path)
            own = set(report.extra.get("business", {}))
            rows = score_rows(report)
            page = path.with_name("report.html").relative_to(run.book)
            found.append({
                "split": split, "rows": report.rows, "scores": rows, "own": sorted(own),
                "notes": all_notes(report), "otherwise": otherwise(cuts, report),
                "baselines": [baseline_name(one) for one in report.baselines], "page": page.as_posix(),
            })  # fmt: skip
    return {"reports": found}


def _reading(run: Run) -> dict[str, Any]:
    """How scores of answers are to be read: temperature, thresholds, accuracy at coverage."""
    from tunebook.core.calibrates import read_calibration
    from tunebook.report.calibration import calibration_view
    from tunebook.report.card import threshold_text

    view = calibration_view(read_calibration(run.model))
    if view is not None and view["plot"] is not None:
        view["plot"] = plain(view["plot"])
    return {"calibration": view, "threshold": threshold_text(run.model)}


def _forms(book: Book, run: Run) -> dict[str, tuple[Field, ...]]:
    """What can be begun of a run: nothing is calibrated that has neither probabilities nor scores of matches."""
    from tunebook.core.calibrates import Calibrates
    from tunebook.core.registry import task_of
    from tunebook.core.task import Matches

    task = task_of(run.plan.task)()
    if isinstance(task, Matches):
        return {"eval": EVAL, "calibrate": tuple(one for one in CALIBRATE if one.key in ("precision", "grade"))}
    if isinstance(task, Calibrates) and run.plan.labels.kind.link != "identity":
        known = _known(book, run.plan.labels)
        return {"eval": EVAL, "calibrate": tuple(one for one in CALIBRATE if one.key in known)}
    return {"eval": EVAL}


def _known(book: Book, labels: Labels) -> set[str]:
    """Keys of what classes of this kind can be calibrated for, as the verb has it."""
    from tunebook.verbs.steps.cuts import one_of_two, ways

    known = set(ways(labels)) - (set() if _costs(book, labels) else {"cost"})
    known |= {"class"} if one_of_two(labels) else set()
    return known if labels.kind.classes == "several" else known | {"accuracy"}


def _costs(book: Book, labels: Labels) -> list[str]:
    """Metrics of the owner that thresholds can be chosen by."""
    from tunebook.verbs.steps.cuts import decides, ways

    return [key for key, metric in book.file.business.items() if "cost" in ways(labels) and decides(metric, labels)]


def _costless(book: Book, run: Run) -> bool:
    """Whether costs would choose, and there are none."""
    from tunebook.verbs.steps.cuts import ways

    labels = run.plan.labels
    return "cost" in ways(labels) and not _costs(book, labels)


def _choices(book: Book, run: Run | None) -> dict[str, list[tuple[str, str]]]:
    from tunebook.core.formatting import phrase

    names, costs = ([], []) if run is None else (run.plan.labels.names, _costs(book, run.plan.labels))
    return {
        "split": [(split, phrase("split", split)) for split in ("validation", "test")],  # the test rows wear out
        "cost": [("", "–"), *((key, key) for key in costs)],
        "class": [("", "–"), *((key, key) for key in names)],
    }


def words(book: Book, run: str, work: str, typed: Typed) -> list[object]:
    """The command, without `tunebook`."""
    return [work, book.path, "--run", run, *words_of(WORK[work], typed)]


@router.post("/book/{name}/scores/uncalibrate")
def remove(asked: Given, name: str) -> Response:
    """Take a calibration back: scores are the model's own again. Raises as `remove_calibration`."""
    from tunebook.verbs.calibrate import remove_calibration

    run = asked.book(name).run(asked.text("run"))
    remove_calibration(run, actor=asked.owner, reason=asked.text("reason").strip())
    return asked.go("book", name, "scores", query=f"?run={run.id}")


@router.post("/book/{name}/scores/{work}")
def begin(asked: Given, name: str, work: str) -> Response:
    """Begin to score, or to calibrate; what is under way of this run is shown.

    Raises:
        DataError: `errors_page.work`. BookError: there is no such run.
    """
    book = asked.book(name)
    if work not in WORK:
        raise DataError("errors_page.work", key="work", value=work, allowed=" | ".join(WORK))
    run = book.run(asked.text("run") or AUTO)
    line = words(book, run.id, work, typed_in(WORK[work], asked.text))
    if work == "calibrate":  # which the log tells
        line += [f"--owner={asked.owner}", f"--reason={asked.text('reason').strip()}"]
    job = asked.jobs(book).once(line, asked.owner, f"{work} {run.id}")
    return asked.go("book", name, "work", job.number)


__all__ = ["CALIBRATE", "EVAL", "PAGE", "WORK", "begin", "remove", "router", "scores", "words"]
