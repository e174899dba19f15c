"""Names and numbers as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tunebook.core.localized import localized
from tunebook.core.messages import has_words, say

if TYPE_CHECKING:
    from tunebook.core.metric import Metric
    from tunebook.core.nouns import Plan


def finite(item: Any) -> Any:
    """What JSON can carry of an object: a number that is none or endless becomes None, names become texts."""
    if isinstance(item, Mapping):
        return {str(name): finite(value) for name, value in item.items()}
    if isinstance(item, list | tuple):
        return [finite(value) for value in item]
    return None if isinstance(item, float) and not math.isfinite(item) else item


def is_share(metric: str) -> bool:
    """Whether a score differs by points, and not in a unit of its own; one that no task knows does not."""
    known = metric_of(metric)
    return known is not None and known.unit == "share"


def sign_of(metric: str) -> int:
    """1 where more of a score is better, -1 where less is, as of a loss."""
    known = metric_of(metric)
    return -1 if metric == "loss" or (known is not None and known.better == "less") else 1


def possible(gain: float, metric: str) -> float:
    """A gain, or an end of its interval, no larger than the metric's own ends allow."""
    known = metric_of(metric)
    most = math.inf if known is None or known.unit != "share" else known.high - known.low
    return max(-most, min(gain, most))


def metric_of(name: str) -> Metric | None:
    """A score by its name; None where no task knows it."""
    from tunebook.core.registry import metrics

    return metrics().get(name)


def amount(value: float, metric: str, sign: bool = True) -> str:
    """A gain in words: points of a share (`+3.1 points`), else a number in the metric's own unit."""
    if not math.isfinite(value):
        return "–"
    mark = "+" if sign else ""
    if is_share(metric):
        return localized("report.points", value=f"{possible(value, metric) * 100:{mark}.1f}")
    return f"{value:{mark}.3f}"


def phrase(part: str, name: str) -> str:
    """The catalogue's words for a name (`part.name`), else the name itself: other parts may bring their own."""
    code = f"{part}.{name}"
    return localized(code) if has_words(code) else name


def metric_name(name: str) -> str:
    """What a score is called."""
    return phrase("metric", name)


def baseline_name(name: str) -> str:
    """What a baseline is called."""
    return phrase("baseline", name)


def score_text(value: float | None) -> str:
    """A score with three decimals, or a dash for none."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.1f}"


def number(value: float) -> str:
    """A number with separators between thousands and no idle decimals."""
    if isinstance(value, int) or (math.isfinite(value) and value == int(value)):
        return f"{value:,.0f}"
    if not math.isfinite(value):
        return "–"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.4g}"


def duration(seconds: float) -> str:
    """A time in seconds, minutes or hours."""
    if seconds < 90:
        return say("report.seconds", value=f"{seconds:.1f}")
    if seconds < 5400:
        return say("report.minutes", value=f"{seconds / 60:.1f}")
    return say("report.hours", value=f"{seconds / 3600:.1f}")


def memory(size: float) -> str:
    """Bytes in KiB, MiB or GiB."""
    if 0 < size < 2**20:
        return f"{size / 2**10:,.0f} KiB"
    return f"{size / 2**20:,.0f} MiB" if size < 2**30 else f"{size / 2**30:.2f} GiB"


def moment(created: str) -> str:
    """A moment in ISO 8601 as `2026-11-21 11:05 UTC+08:00`, in the time zone of this machine.

    A moment without a zone is taken for one of this machine; a text that is no moment stays as it is.
    """
    try:
        local = datetime.fromisoformat(created).astimezone()
    except ValueError:
        return created
    offset = local.isoformat()[-6:]
    return f"{local:%Y-%m-%d %H:%M} UTC{'' if offset == '+00:00' else offset}"


def share_text(share: float) -> str:
    """A share in per cent; one that would round to nothing is said to be less than a tenth."""
    return f"{share:.1%}" if share == 0 or share >= 0.0005 else "< 0.1%"


def stage_names(plan: Plan) -> str:
    """The stages before a training, in their order, with their techniques; empty where there are none."""
    parts = [
        say("stages.with", stage=stage.stage, techniques=", ".join(stage.techniques))
        if stage.techniques
        else stage.stage
        for stage in plan.stages
    ]
    return " → ".join(parts)


def head_text(plan: Plan) -> str:
    """What a training does with the head that its base model has; empty where it has none."""
    begins = plan.head
    if begins is None:
        return ""
    if begins.number:
        return say("model.head_number" if plan.labels.outputs == 1 else "model.head_whole")
    fresh = [name for name in plan.labels.names if name not in begins.rows]
    if not begins.rows:
        own = listed(begins.own) if begins.own else say("model.head_unnamed")
        return say("model.head_fresh", own=own)
    return say("model.head_some" if fresh else "model.head_all", taken=listed(begins.rows), fresh=listed(fresh))


def listed(names: Iterable[str], limit: int = 8) -> str:
    """Names as a line shows them."""
    known = list(names)
    return ", ".join(known[:limit]) + (" …" if len(known) > limit else "")


def noticed(counters: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What there is to say of what a training did, by its counters: of some figures that they are 0, of others that
    they are not."""
    found = [
        (f"did.{key}.{name}{'' if value else '.none'}", value)
        for key, did in counters.items()
        for name, value in did.items()
    ]
    return [say(code, count=number(value)) for code, value in found if has_words(code)]


def shown(value: Any) -> str:
    """Any value of a table."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(shown(item) for item in value)
    return str(value)


__all__ = [
    "amount",
    "baseline_name",
    "duration",
    "finite",
    "head_text",
    "is_share",
    "listed",
    "memory",
    "metric_name",
    "metric_of",
    "moment",
    "noticed",
    "number",
    "phrase",
    "possible",
    "score_text",
    "share_text",
    "shown",
    "sign_of",
    "stage_names",
]
