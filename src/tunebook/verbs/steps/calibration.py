"""How the answers of a run's model are read, where it was calibrated: as long as it is the model that was."""

from __future__ import annotations

from contextlib import suppress

from tunebook.bundle.calibrated import Calibrated
from tunebook.core.calibrates import Calibration, Cuts, read_calibration
from tunebook.core.errors import ModelError, TunebookError
from tunebook.core.locations import BOOK_FILE, CALIBRATION
from tunebook.verbs.steps.answers import model_key
from tunebook.verbs.steps.runs import Run


def kept_calibration(run: Run) -> Calibration | None:
    """What was found for this very model; None where it was not calibrated.

    Raises:
        ModelError: `calibrate.stale`, it was found for another one; `calibrate.stale_costs`, for other costs than the
            book has by now. BookError: as `read_calibration`.
    """
    if not run.has_model or (found := read_calibration(run.path / "model")) is None:
        return None
    if found.model != model_key(run):
        raise ModelError("calibrate.stale", key=str(run.path / "model" / CALIBRATION), value=found.run, run=run.id)
    if found.cuts is not None and found.cuts.decided not in ("", _decided(run, found.cuts)):
        path = str(run.path / "model" / CALIBRATION)
        raise ModelError("calibrate.stale_costs", key=path, value=found.cuts.metric, run=run.id)
    return found


def _decided(run: Run, cuts: Cuts) -> str:
    """Hash of what decides the costs by now; as it was where the run lies in no book."""
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.business import decided_by

    book = run.path.absolute().parents[1]
    if not (book / BOOK_FILE).is_file():
        return cuts.decided
    asked = Book(book).file.business.get(cuts.metric)
    file = None if asked is None else book / (asked.costs or asked.function.rpartition(":")[0])
    return "none" if asked is None or file is None or not file.is_file() else decided_by(asked, file)


def calibration_of(run: Run) -> Calibrated | None:
    """How its answers are read; None as the model gives them. Raises as `kept_calibration`."""
    found = kept_calibration(run)
    return None if found is None or not found.mark else reading_of(found, run.plan.labels.names)


def cuts_in_force(run: Run) -> Cuts | None:
    """The thresholds or costs by which `predict` gives a run's answers, so that some are not the model's own."""
    with suppress(TunebookError):  # of another model, or damaged: `predict` refuses it and says why
        found = kept_calibration(run)
        return None if found is None else found.cuts
    return None


def reading_of(found: Calibration, names: list[str]) -> Calibrated:
    """What of a calibration bears on answers."""
    cuts, certain = found.cuts, found.certain
    return Calibrated(
        found.scale,
        {} if cuts is None else cuts.classes,
        names if cuts is not None and cuts.costs else (),
        () if cuts is None else cuts.costs,
        None if certain is None else certain.score,
    )


__all__ = ["calibration_of", "cuts_in_force", "kept_calibration", "reading_of"]
