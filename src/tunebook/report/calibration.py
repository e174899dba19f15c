"""What was calibrated, in words and tables: for the screen, the report of a run and its model's card."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from tunebook.core.calibrates import Calibration, Certain, Change, Cuts, Temperature
from tunebook.core.formatting import listed, metric_name, share_text
from tunebook.core.messages import say
from tunebook.core.nouns import Interval, Report
from tunebook.report.plots.curves import Curve, curve_plot
from tunebook.report.scores import spanned


def headings() -> list[str]:
    """Over the columns of `figure_rows`."""
    return [say("report.metric"), *(say(f"calibrate.{name}") for name in ("own", "crossed", "test_own", "test_after"))]


def figure_rows(found: Calibration) -> list[list[str]]:
    """One line a figure, before and after: of the probabilities, and of what is given by thresholds."""
    parts = [(found.temperature.validation, found.temperature.test)]
    parts += [(found.cuts.validation, found.cuts.test)] if found.cuts else []
    return [[metric_name(name), *_both(valid[name]), *_both(test[name])] for valid, test in parts for name in valid]


def _both(change: Change) -> list[str]:
    return [spanned(change.before), spanned(change.after)]


def threshold_rows(found: Calibration) -> list[list[str]]:
    """Class and threshold; empty where there are none."""
    return [] if found.cuts is None else [[name, f"{value:.4f}"] for name, value in found.cuts.classes.items()]


def threshold_caption(found: Calibration) -> str:
    """What the thresholds were chosen for; empty where there are none."""
    cuts = found.cuts
    if cuts is None or not cuts.classes:
        return ""
    if cuts.wanted is None:
        return say("calibrate.cuts_cost", metric=cuts.metric)
    return say("calibrate.cuts_share", by=_by(cuts), wanted=f"{cuts.wanted:g}")


def _by(cuts: Cuts) -> str:
    return say(f"calibrate.{cuts.by}_name").lower()


def covered_rows(found: Certain) -> list[list[str]]:
    """One line a figure of sure answers: on validation and on test rows."""
    sides = (found.validation, found.test)
    chance = " / ".join(f"{side.chance:.3f}" for side in sides)
    names = {
        "coverage": say("calibrate.coverage"),
        "accuracy": say("calibrate.accuracy_of"),
        "area": say("calibrate.area", chance=chance),
    }
    return [[words, *(spanned(getattr(side, name)) for side in sides)] for name, words in names.items()]


def covered_headings() -> list[str]:
    """Over the columns of `covered_rows`."""
    return [say("report.metric"), say("calibrate.validation_rows"), say("calibrate.test")]


def sentences(found: Calibration, *, grouped: bool = False) -> list[str]:
    """What was found, a sentence each, without what is to be minded of it (`doubts`).

    Args:
        grouped: the rows were drawn in groups.
    """
    told = [_of_temperature(found.temperature)]
    if found.cuts is not None and found.cuts.costs:
        told.append(say("calibrate.expected", metric=found.cuts.metric))
    if found.cuts is not None and found.cuts.kept:
        told.append(say("calibrate.kept", classes=listed(found.cuts.kept)))
    if found.certain is not None:
        score, least = f"{found.certain.score:.4f}", share_text(found.certain.least)
        told.append(say("calibrate.certain", score=score, least=least, confidence=f"{found.certain.confidence:.0%}"))
        told += [say("calibrate.groups")] if grouped else []
    return told


def _of_temperature(found: Temperature) -> str:
    value, gain = f"{found.value:.3f}", _ends(found.gain)
    if found.applied:
        return say("calibrate.applied", value=value, gain=gain)
    return say("calibrate.at_end") if found.gain.value > 0 else say("calibrate.not_applied", value=value, gain=gain)


def doubts(found: Calibration) -> list[str]:
    """What speaks against it: a temperature whose gain may be chance, or that does the test rows no good; thresholds
    that do not give what was asked for to rows which had no say in them."""
    return [*_of_heat(found.temperature), *(_unheld(found.cuts) if found.cuts is not None else [])]


def _of_heat(found: Temperature) -> list[str]:
    if not found.applied:
        return []
    told, change = [], found.test.get("log_loss")
    if found.gain.low <= 0:
        told.append(say("calibrate.open"))
    if change is not None and change.after.value > change.before.value:
        before, after = (f"{side.value:.4f}" for side in (change.before, change.after))
        told.append(say("calibrate.worse", before=before, after=after))
    return told


def _unheld(cuts: Cuts) -> list[str]:
    if cuts.wanted is None:
        return []
    held = cuts.held or {"": cuts.validation[cuts.by].after}
    below = [f"{name} {spanned(found)}".strip() for name, found in held.items() if round(found.value, 3) < cuts.wanted]
    return [say("calibrate.unheld", by=_by(cuts), wanted=f"{cuts.wanted:g}", found=listed(below))] if below else []


def _ends(gain: Interval) -> str:
    return f"{gain.value:.4f} ({gain.low:.4f} … {gain.high:.4f})"


def otherwise(cuts: Cuts | None, report: Report) -> list[str]:
    """That `predict` answers by thresholds or costs, and the scores are those of the answers before them; with what the
    headline score is by them, where that is known. Nothing of a model that answers as it was scored."""
    if cuts is None:
        return []
    known = {"validation": cuts.validation, "test": cuts.test}.get(report.split, {}).get(report.headline)
    if known is None:
        return [say("calibrate.otherwise")]
    return [say("calibrate.otherwise_by", metric=metric_name(report.headline), value=spanned(known.after))]


def _curve_of(found: Certain) -> Markup:
    """Error rate by coverage of the test rows; what is given is marked."""
    side, name = found.test, say("calibrate.curve")
    axes = (say("calibrate.axis_coverage"), say("calibrate.axis_risk"))
    return curve_plot(name, [Curve(name, side.curve)], axes, (side.coverage.value, say("calibrate.coverage")))


def calibration_view(found: Calibration | None, *, grouped: bool = False) -> dict[str, Any] | None:
    """What the template shows; None where a model was not calibrated."""
    if found is None:
        return None
    tables: list[tuple[str, Sequence[str], list[list[str]]]] = [
        (say("calibrate.heading"), headings(), figure_rows(found))
    ]
    if rows := threshold_rows(found):
        tables.append((threshold_caption(found), [say("report.class"), say("calibrate.threshold")], rows))
    if found.certain is not None:
        tables.append((say("calibrate.covered"), covered_headings(), covered_rows(found.certain)))
    plot = None if found.certain is None else _curve_of(found.certain)
    return {"notes": [*sentences(found, grouped=grouped), *doubts(found)], "tables": tables, "plot": plot}


__all__ = [
    "calibration_view", "covered_headings", "covered_rows", "doubts", "figure_rows", "headings", "otherwise",
    "sentences", "threshold_caption", "threshold_rows",
]  # fmt: skip
