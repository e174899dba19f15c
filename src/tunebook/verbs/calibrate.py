"""Calibrate: how the scores of a run's answers are to be read, chosen on validation rows and stored with the model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from tunebook.core.calibrates import Calibrates, Calibration
from tunebook.core.errors import DataError, PlanError, RunError
from tunebook.core.hits import Hits, Threshold
from tunebook.core.localized import localized
from tunebook.core.locations import BOOK_FILE, CALIBRATION, THRESHOLD
from tunebook.core.nouns import DataRef, write_json
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Matches
from tunebook.verbs.calibrate_chances import Wanted, calibrate_chances, on_card
from tunebook.verbs.steps.answers import answers, place_of
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.nouns import Labels, Split
    from tunebook.stats.bootstrap import Units


_OPTIONS = {"of_class": "--class", "least": "--grade"}


class Choice(TypedDict, total=False):
    """What scores are calibrated for.

    Attributes:
        precision: share of what is given (of the pairs from the threshold on) that is to be right; without it matches
            take the highest F1.
        recall: share of a class that is to be found.
        cost: name of a metric of the owner's, `[business.NAME]`, that is to be as good as can be.
        accuracy: of sure answers, that holds with a confidence of 95 %.
        of_class: the class of two that the threshold is of; without it the last one.
        least: grade or gain from which on a pair is a match; without it four fifths of the way to the highest grade,
            and any gain above 0.
    """

    precision: float | None
    recall: float | None
    cost: str | None
    accuracy: float | None
    of_class: str | None
    least: float | None


def calibrate(
    run: Run, *, progress: Progress | None = None, actor: str = "", reason: str = "", **choice: Unpack[Choice]
) -> Threshold | Calibration:
    """Choose on a run's validation rows how the scores of its answers are to be read, tell what that gives on the test
    rows, and write it into the model's folder and its card.

    What there is to choose follows from the answers. Scores of two texts (the cosines of graded pairs, the scores of
    the ten passages that are found for a query, or of a reranker's candidates): the score from which on they match.
    Probabilities, of classes and of spans: a temperature, which is used where it makes the log loss of rows less that
    had no say in it; and, where it is asked for, from which probability on a class is given, and from which score on an
    answer is sure. What an earlier call has chosen is replaced.

    Raises:
        RunError: `calibrate.task`, the run's answers have no such scores; it has not finished. DataError:
            `data.no_split`; `calibrate.one_side`, all validation pairs match, or none does; `calibrate.precision`,
            no threshold is so precise; and what `calibrate_chances` raises. PlanError: `calibrate.how`, an option out
            of its bounds; `calibrate.option`, one that means nothing of such answers. BookError: book.toml cannot be
            read.
    """
    if _in_book(run):
        _ = Book(run.book).file  # a broken one is told before anything is chosen
    given: dict[str, Any] = {name: value for name, value in choice.items() if value is not None}
    task = task_of(run.plan.task)()
    for name in ("precision", "recall", "accuracy"):
        if name in given and not 0 < given[name] <= 1:
            raise PlanError("calibrate.how", key=f"--{name}", value=given[name], allowed="0 … 1")
    matches = isinstance(task, Matches)
    if not matches and not isinstance(task, Calibrates):
        raise RunError("calibrate.task", key=run.id, value=run.plan.task)
    known = ("precision", "least") if matches else tuple(name for name in Choice.__annotations__ if name != "least")
    for name, value in given.items():
        if name not in known:
            allowed = " | ".join(_OPTIONS.get(one, f"--{one}") for one in known)
            key = _OPTIONS.get(name, f"--{name}")
            raise PlanError("calibrate.option", key=key, value=value, task=run.plan.task, allowed=allowed)
    made: Threshold | Calibration
    if matches:
        made = _matches(run, given.get("precision"), given.get("least"), progress)
    else:
        made = calibrate_chances(run, Wanted(**given), progress)
    _log(run, {"event": "made", "asked": given}, reason or localized("calibrate.log_made", run=run.id), actor)
    return made


def remove_calibration(run: Run, *, actor: str = "", reason: str = "") -> list[Path]:
    """Take back what `calibrate` has chosen for a run: `predict`, new bundles and the next start of a server give what
    the model itself says. A file that is damaged, or of another model, goes as well.

    Args:
        actor, reason: who and why, for the change log.

    Returns:
        The files that were there.

    Raises:
        RunError: `calibrate.not_there`, nothing was chosen; the run has not finished. MachineError: `log.unwritable`;
            nothing was changed.
    """
    from tunebook.data.frozen import prepared_data

    found = calibration_files(run)
    if not found:
        raise RunError("calibrate.not_there", key=run.id)
    said = reason or localized("calibrate.log_removed", run=run.id)
    _log(run, {"event": "removed", "files": [path.name for path in found]}, said, actor)
    for path in found:
        path.unlink()
    on_card(run, prepared_data(run.plan))
    return found


def calibration_files(run: Run) -> list[Path]:
    """What `calibrate` has written for a run, whether or not it can be read."""
    return [path for name in (CALIBRATION, THRESHOLD) if (path := run.model / name).is_file()]


def _in_book(run: Run) -> bool:
    return (run.book / BOOK_FILE).is_file()


def _log(run: Run, evidence: dict[str, Any], reason: str, actor: str = "") -> None:
    """An entry in the change log of the run's book, for what users are told changes; a run elsewhere has none."""
    if _in_book(run):
        Book(run.book).log.append("calibrate", actor=actor, reason=reason, evidence={"run": run.id, **evidence})


def _matches(run: Run, precision: float | None, least: float | None, progress: Progress | None) -> Threshold:
    """The score from which on two texts match."""
    from tunebook.data.frozen import prepared_data
    from tunebook.stats.threshold import best_f1, curve, of_precision, worth

    plan = run.plan
    task = task_of(plan.task)()
    assert isinstance(task, Matches)
    data, bound = prepared_data(plan), _least(task, plan.labels, least)
    chosen, units = _hits(run, data, "validation", bound, progress)
    tested, test_units = _hits(run, data, "test", bound, progress)
    if not chosen.right.any() or chosen.right.all():
        raise DataError("calibrate.one_side", key="validation", value=int(chosen.right.sum()), pairs=len(chosen.right))
    found = best_f1(chosen) if precision is None else of_precision(chosen, precision)
    if found is None:
        raise DataError(
            "calibrate.precision", key="--precision", value=precision, allowed=f"{curve(chosen)[1].max():.3f}"
        )
    made = Threshold(
        run=run.id,
        threshold=found,
        wanted=precision,
        least=bound,
        validation=worth(chosen, found, units),
        test=worth(tested, found, test_units),
    )
    write_json(made, run.model / THRESHOLD)
    on_card(run, data)
    return made


def _least(task: Matches, labels: Labels, given: float | None) -> float | None:
    """The grade or gain from which on a pair is a match."""
    if given is None:
        return task.matches_from(labels)
    low, high = labels.low or 0.0, labels.high or 1.0
    if not low < given <= high:
        raise PlanError("calibrate.how", key="--grade", value=given, allowed=f"{low:g} < … <= {high:g}")
    return given


def _hits(run: Run, data: DataRef, split: Split, least: float | None, progress: Progress | None) -> tuple[Hits, Units]:
    """The pairs of a split, and what was drawn of its rows."""
    from tunebook.data.load import load
    from tunebook.verbs.steps.retention import units_of

    if not data.rows.get(split):
        raise DataError("data.no_split", key=split, value=0, allowed=" | ".join(k for k, n in data.rows.items() if n))
    rows, task = load(data, split), task_of(run.plan.task)()
    assert rows.targets is not None and isinstance(task, Matches)
    said = answers(run, rows, place_of(run.plan, data, split), progress=progress)
    return task.hits(said, rows.targets, run.plan.labels, least), units_of(rows, data)


__all__ = ["Choice", "calibrate", "calibration_files", "remove_calibration"]
