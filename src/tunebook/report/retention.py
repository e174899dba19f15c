"""What a run has kept of the tasks before it: what was learned beside what was forgotten."""

from __future__ import annotations

from typing import Any

from tunebook.core.formatting import amount, metric_name, number, score_text
from tunebook.core.lineage import Retention
from tunebook.core.messages import say
from tunebook.core.verdict import Verdict
from tunebook.report.scores import spanned


def headings(kept: Retention) -> list[str]:
    """Over the columns of `task_rows`."""
    names = ("book", "run", "rows", "learned", "final", "lost")
    return [say(f"retention.{name}", metric=metric_name(kept.metric)) for name in names]


def task_rows(kept: Retention) -> list[list[str]]:
    """One line a task, the oldest first and this run's own last: book, run, rows, learned, final, lost."""
    rows = [
        [task.book, task.run, str(task.rows), spanned(task.learned), spanned(task.final), spanned(task.lost, "+")]
        for task in kept.tasks
    ]
    return [*rows, [say("retention.own"), kept.run, "–", spanned(kept.own), spanned(kept.own), "–"]]


def summary_facts(kept: Retention) -> list[tuple[str, str]]:
    """The figures over all tasks, in words: what was learned beside what was forgotten, never one alone."""
    found = [
        (say("retention.learned_mean"), score_text(kept.learned)),
        (say("retention.final_mean"), score_text(kept.final)),
        (say("retention.forgetting"), spanned(kept.forgetting, "+")),
        (say("retention.backward"), spanned(kept.backward, "+")),
        (say("retention.before"), spanned(kept.before)),
    ]
    if kept.forward is not None:
        found.append((say("retention.forward"), spanned(kept.forward, "+")))
    return found


def arm_rows(verdict: Verdict) -> list[list[str]]:
    """What both arms of a test have kept: the headings, then one line an earlier task, the oldest first: book, rows,
    score when learned, of A, of B, and what each has lost. Empty where the arms continue from no run."""
    kept = verdict.extra.get("retention", [])
    if not kept:
        return []
    names = [f"v{verdict.a}", f"v{verdict.b}"]
    learned = say("retention.learned", metric=metric_name(verdict.metric))
    lost = [f"{say('retention.lost')} {name}" for name in names]
    lines = [
        [
            task["book"],
            number(task["rows"]),
            *(score_text(task[side]) for side in ("learned", "a", "b")),
            *(amount(task["learned"] - task[side], verdict.metric) for side in "ab"),
        ]
        for task in kept
    ]
    return [[say("retention.book"), say("retention.rows"), learned, *names, *lost], *lines]


def retention_view(kept: Retention | None) -> dict[str, Any] | None:
    """What the template shows; None where a run continues from none."""
    if kept is None:
        return None
    return {"headings": headings(kept), "rows": task_rows(kept), "facts": summary_facts(kept)}


__all__ = ["arm_rows", "headings", "retention_view", "summary_facts", "task_rows"]
