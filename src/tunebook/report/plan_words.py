"""What a training will be, before it begins: its model, its settings and its cost, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tunebook.core.formatting import duration, head_text, memory, metric_name, number, share_text, shown, stage_names
from tunebook.core.messages import say

if TYPE_CHECKING:
    from tunebook.core.nouns import Estimate, Plan
    from tunebook.verbs.steps.pace import Pace

_NAMED = 3  # values that are told by their names; of more how many they are
_BUSY = 1.3  # from here on other work on the machine is worth a word


def plan_facts(plan: Plan, pace: Pace | None = None) -> list[tuple[str, str]]:
    """Model, settings that matter most, techniques and cost of a plan, in words; and what the last runs tell of it."""
    params = plan.params
    batch = f"{params.batch_size} × {params.gradient_accumulation_steps}"
    count = number(plan.estimate.parameters)
    share = plan.estimate.trained / max(plan.estimate.parameters, 1)
    found = [
        (say("cli.model"), say("cli.model_of", model=plan.model, count=count, share=f"{share:.0%}")),
        (say("cli.head"), head_text(plan)),
        (say("stages.fact"), stage_names(plan)),
        (say("cli.techniques"), ", ".join(_briefly(key, rows) for key, rows in plan.techniques.items())),
        (
            say("cli.settings"),
            say(
                "cli.settings_of",
                rate=rate_text(plan),
                batch=batch,
                epochs=params.max_epochs,
                length=params.max_length,
                metric=metric_name(params.metric),
            ),
        ),
        (say("cli.estimate"), estimate_text(plan.whole, pace)),
    ]
    return [(name, text) for name, text in found if text]


def technique_values(key: str, rows: Mapping[str, Any]) -> dict[str, str]:
    """The rows of a technique with their values in words, and of one that is left open what it comes to."""
    meant = _meant(key, rows)
    return {name: f"{shown(value)} ({meant[name]})" if name in meant else shown(value) for name, value in rows.items()}


def _briefly(key: str, rows: Mapping[str, Any]) -> str:
    """A technique by its name, and what rows of it that are left open come to."""
    meant = "; ".join(_meant(key, rows).values())
    return f"{key} ({meant})" if meant else key


def _meant(key: str, rows: Mapping[str, Any]) -> Mapping[str, str]:
    from tunebook.core.registry import built, is_technique
    from tunebook.core.technique import Means

    technique = built({key: rows})[key] if is_technique(key) else None  # else of a package that is gone
    return technique.meant() if isinstance(technique, Means) else {}


def rate_text(plan: Plan) -> str:
    """The peak rate that is used, and whose it is where that is not the table's."""
    from tunebook.tables.in_force import peak_rate

    row, rate = peak_rate(plan)
    table = shown(plan.params.learning_rate)
    return table if row == "learning_rate" else say("cli.rate_of", rate=shown(rate), row=row, table=table)


def estimate_text(estimate: Estimate, pace: Pace | None = None) -> str:
    """Steps, time and memory of a run, which are right within a factor of about two on a machine without other work; of
    rows that are too long, that they lose their end, or are left out."""
    needed = say(
        "cli.estimate_of_one" if estimate.steps == 1 else "cli.estimate_of",
        steps=number(estimate.steps),
        time=duration(estimate.seconds),
        memory=memory(estimate.memory_bytes),
    )
    if pace is not None and pace.runs:
        needed += say("cli.estimate_paced", time=time_text(pace.seconds(estimate), pace))
    else:
        needed += _clock_note(estimate)
    if estimate.left_out_share:
        needed += say("cli.estimate_left_out", share=share_text(estimate.left_out_share))
    return needed + (say("cli.estimate_cut", cut=share_text(estimate.cut_share)) if estimate.cut_share else "")


def _clock_note(estimate: Estimate) -> str:
    """How much longer work takes by the clock, where other work on this machine makes that much of a difference."""
    busy = estimate.clock_seconds > _BUSY * estimate.seconds
    return say("cli.estimate_waiting", time=duration(estimate.clock_seconds)) if busy else ""


def table_text(facts: Mapping[str, Any]) -> str:
    """The table of a run, of its facts: `v2`, or `v2 + max_epochs=2` for values that are no version."""
    if facts["table"]:
        return str(facts["table"])
    if not facts["near"]:
        return say("cli.runs.unsaved")
    if not facts["changed"]:
        return str(facts["near"])
    count = len(facts["changed"])
    return f"{facts['near']} + {say('report.other_values', count=count) if count > _NAMED else changed_text(facts)}"


def changed_text(facts: Mapping[str, Any]) -> str:
    """In which values a run differs from the version that it is nearest to."""
    return ", ".join(f"{row}={'–' if value is None else shown(value)}" for row, value in facts["changed"].items())


def time_text(seconds: float, pace: Pace) -> str:
    """A time by the clock that was foretold at a pace, and how that is known."""
    code = "cli.time_as_runs" if pace.runs else "cli.time_estimated"
    return say(code, time=duration(seconds), runs=pace.runs)


__all__ = ["changed_text", "estimate_text", "plan_facts", "rate_text", "table_text", "technique_values", "time_text"]
