"""The page of a rollout: where it stands, what was weighed, and how the evidence came about."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from tunebook.core.formatting import moment, number, phrase, score_text
from tunebook.core.messages import say
from tunebook.report.page import write_page
from tunebook.report.plots.drift import Curve, looks_plot

if TYPE_CHECKING:
    from tunebook.knowledge.log import Entry
    from tunebook.rollout.course import Moment
    from tunebook.rollout.evidence import Evidence
    from tunebook.rollout.step import Look

_LEAST, _OVER = -2.0, 1.0  # how far below 1, and over the limit, a plot reaches, in powers of ten
_TEN = math.log(10)


def write_rollout(path: Path, moments: Sequence[Moment], entries: Sequence[Entry]) -> Path:
    """Write the page of the rollout whose course this is.

    Args:
        moments: at least one, the newest last; entries: of all rollouts of the book.
    """
    last = moments[-1].look
    begun = [place for place, entry in enumerate(entries) if entry.evidence["event"] == "start"][-1]
    own = list(entries[begun:])
    return write_page(
        path,
        "rollout.html.j2",
        verdict=_verdict(last, own[-1]),
        good=last.decision != "abort" and own[-1].evidence["event"] != "abort",
        facts=_facts(moments),
        lines=[line(item) for item in last.evidence],
        plots=[(name_of(item), plot) for item in last.evidence if (plot := _plot(item, moments)) is not None],
        events=[_event(entry) for entry in own],
    )


def _verdict(last: Look, newest: Entry) -> str:
    """What the last look says; of a rollout that has ended, how."""
    if newest.evidence["event"] in ("start", "stage"):
        decision = last.decision.replace(" ", "_")
        return f"{say(f'rollout.decision.{decision}')} {last.why}"
    return say("rollout.page.ended", event=phrase("rollout.event", newest.evidence["event"]), why=newest.reason or "–")


def _facts(moments: Sequence[Moment]) -> list[tuple[str, str]]:
    last, now = moments[-1], moments[-1].look.state
    stages = " · ".join(f"{share:g} %" for share in now.rules.stages)
    return [
        (say("rollout.head.old"), str(now.live)),
        (say("rollout.head.new"), str(now.candidate)),
        (say("rollout.page.stages"), stages),
        (say("rollout.page.stage"), f"{now.stage} / {len(now.rules.stages)} ({now.share:g} %)"),
        (say("rollout.requests"), f"{number(last.look.requests)} / {number(now.rules.min_requests)}"),
        (say("rollout.page.all"), number(last.requests)),
        (say("rollout.page.since"), moment(datetime.fromtimestamp(now.begun, UTC).isoformat())),
    ]


def name_of(item: Evidence) -> str:
    """What a thing is called; a column of feedback by its own name."""
    return phrase("rollout.name", item.name)


def line(item: Evidence) -> dict[str, Any]:
    """Evidence as a line of a table."""
    old, new = (score_text(mean) if mean is not None else "–" for mean in (item.champion, item.challenger))
    strength = "–" if item.e_value is None or not item.n else f"{min(item.e_value, 9999):.3g} / {item.limit:g}"
    ends = "" if item.low is None or item.high is None else f"{item.low:+.3g} … {item.high:+.3g}"
    told = {"name": name_of(item), "old": old, "new": new, "count": number(item.n), "evidence": strength, "ends": ends}
    return {**told, "says": says(item), "ok": item.ok}


def says(item: Evidence) -> str:
    """What a line of evidence means, in words."""
    if item.strange:
        return say("rollout.says.strange", count=item.strange)
    if item.log_e is None:
        return say("rollout.says.told")
    if not item.n:
        return say("rollout.says.unseen")
    if not item.stops:
        return say("rollout.says.better" if item.reached else "rollout.says.not_yet")
    return say("rollout.says.against" if item.reached else "rollout.says.nothing")


def _plot(item: Evidence, moments: Sequence[Moment]) -> Markup | None:
    """The logarithm of an e-value over the requests; None of what is only told."""
    if item.log_e is None:
        return None
    limit = math.log10(item.limit)
    points = []
    for one in moments:
        value = next(other.log_e or 0.0 for other in one.look.evidence if other.name == item.name)
        points.append((float(one.requests), min(max(value / _TEN, _LEAST), limit + _OVER)))
    across = [(points[0][0], limit), (points[-1][0], limit)]
    curves = [Curve(name_of(item), points, "s1"), Curve(say("rollout.page.limit"), across, "s4")]
    changes = [later.requests for early, later in pairwise(moments) if early.look.state.stage != later.look.state.stage]
    return looks_plot(name_of(item), curves, (say("rollout.page.all"), say("rollout.page.power")), changes)


def _event(entry: Entry) -> tuple[str, str, str, str]:
    why = " · ".join([*([say("rollout.forced")] if entry.forced else []), *([entry.reason] if entry.reason else [])])
    return moment(entry.time), phrase("rollout.event", entry.evidence["event"]), entry.actor, why


__all__ = ["line", "name_of", "says", "write_rollout"]
