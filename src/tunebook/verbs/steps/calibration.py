"""How the answers of a run's model are read, where it was calibrated: as long as it is the model that was."""

from __future__ import annotations

from tunebook.bundle.calibrated import Calibrated
from tunebook.core.calibrates import Calibration, read_calibration
from tunebook.core.errors import ModelError
from tunebook.core.locations import CALIBRATION
from tunebook.verbs.steps.answers import model_key
from tunebook.verbs.steps.runs import Run


def kept_calibration(run: Run) -> Calibration | None:
    """What was found for this very model; None where it was not calibrated.

    Raises:
        ModelError: `calibrate.stale`, it was found for another one. BookError: as `read_calibration`.
    """
    if not run.has_model or (found := read_calibration(run.path / "model")) is None:
        return None
    if found.model != model_key(run):
        raise ModelError("calibrate.stale", key=str(run.path / "model" / CALIBRATION), value=found.run, run=run.id)
    return found


def calibration_of(run: Run) -> Calibrated | None:
    """How its answers are read; None as the model gives them. Raises as `kept_calibration`."""
    found = kept_calibration(run)
    return None if found is None or not found.mark else reading_of(found, run.plan.labels.names)


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


__all__ = ["calibration_of", "kept_calibration", "reading_of"]
