"""The pages on a table's versions: all changes with their reasons and tests, and two versions side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from tunebook.core.formatting import is_share, metric_name, phrase, possible, score_text, shown
from tunebook.core.messages import language, say
from tunebook.core.nouns import ParamTable
from tunebook.core.params import Value
from tunebook.knowledge.chain import Check
from tunebook.knowledge.log import CROWNING, Entry
from tunebook.report.page import render
from tunebook.tables.declared import find
from tunebook.tables.in_force import diff, in_force

Form = Literal["md", "html"]


def render_history(
    form: Form,
    book: str,
    tables: Mapping[int, ParamTable | None],
    entries: Sequence[Entry],
    check: Check,
    place: str = "",
) -> str:
    """The change document of a book as Markdown or as an HTML page that needs nothing else.

    Args:
        book: its name.
        tables: version -> table; None where its file is missing or damaged.
        entries: of the log; `check` what a look at its chain found.
        place: book and task, for the title of a page.
    """
    crowned = [entry for entry in entries if entry.action in CROWNING]
    present = crowned[-1] if crowned else None
    versions = sorted({*tables, *(entry.table for entry in entries if entry.table)}, reverse=True)
    champion = present.table if present else None
    return render(
        f"history.{form}.j2",
        place=place,
        book=book,
        sentence=_sentence(present),
        warnings=_warnings(entries, check),
        facts=[
            (say("history.versions"), str(len(versions))),
            (say("history.log"), str(len(entries))),
        ],
        versions=[_version(number, tables.get(number), entries, champion) for number in versions],
        lines=[_line(entry) for entry in entries],
        head=check.head,
    )


def gain_text(figures: Mapping[str, Any]) -> str:
    """A gain with its interval: `+2.1 (+0.4 … +3.8)` in points for shares, as it is for other scores."""
    metric = str(figures.get("metric"))
    found = (_float(figures.get(name)) for name in ("gain", "lower", "upper"))
    numbers = [None if value is None else possible(value, metric) for value in found]
    if numbers[0] is None:
        return "–"
    points = is_share(metric)
    gain, low, high = ("–" if item is None else f"{item * 100:+.1f}" if points else f"{item:+.4f}" for item in numbers)
    text = say("report.points", value=gain) if points else gain
    return f"{text} ({low} … {high})"


def moment(time: str) -> str:
    """A moment in the user's time zone, without seconds; a text that is none as it is."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return time


def action_text(entry: Entry) -> str:
    """What was done; of a rollout also what happened to it."""
    what = phrase("log.action", entry.action)
    if entry.action != "rollout":
        return what
    return say("log.of_event", action=what, event=phrase("rollout.event", str(entry.evidence.get("event", "–"))))


def oddities(entry: Entry) -> list[str]:
    """What is odd about an entry, in words."""
    named = {"forced": entry.forced, **{name: name in entry.evidence for name in ("time_went_back", "recovered")}}
    tests = len(entry.evidence.get("tests") or [])
    many = [say("log.tests", count=tests)] if tests > 1 else []
    return [say(f"log.{name}") for name, holds in named.items() if holds] + many


def _sentence(present: Entry | None) -> str:
    if present is None:
        return say("history.no_champion")
    reason = present.reason or say("history.no_reason")
    return say("history.champion_now", champion=f"v{present.table}", time=moment(present.time), reason=reason)


def _warnings(entries: Sequence[Entry], check: Check) -> list[str]:
    forced = sum(entry.forced for entry in entries)
    found = [say("history.log_broken", broken=", ".join(map(str, check.broken)))] if not check.ok else []
    return [*found, *([say("history.forced_count", count=forced)] if forced else [])]


def _version(number: int, table: ParamTable | None, entries: Sequence[Entry], champion: int | None) -> dict[str, Any]:
    own = [entry for entry in entries if entry.table == number or entry.figures.get("b") == number]
    made = next((entry for entry in own if entry.action == "table"), None)
    parent = table.parent if table else made.evidence.get("parent") if made else None
    return {
        "name": f"v{number}",
        "champion": number == champion,
        "origin": say("history.from_parent", parent=parent) if parent else say("history.first"),
        "missing": table is None,
        "owner": (table.owner if table else "") or (made.actor if made else "") or "–",
        "time": moment(table.created if table else made.time if made else "") or "–",
        "note": (table.note if table else made.reason if made else "") or say("history.no_reason"),
        "changes": [_change(item, table) for item in (made.evidence.get("changed") or [] if made else [])],
        "tests": [_test(entry) for entry in own if entry.action == "test"],
        "decisions": [_decision(entry, number) for entry in entries if _decides(entry, number)],
    }


def _change(item: Mapping[str, Any], table: ParamTable | None) -> dict[str, str]:
    row = table.rows.get(str(item["row"])) if table else None
    return {
        "row": str(item["row"]),
        "old": shown(item["from"]),
        "new": shown(item["to"]),
        "why": row.reason if row else "",
    }


def _test(entry: Entry) -> dict[str, Any]:
    figures = entry.figures
    return {
        "time": moment(entry.time),
        "actor": entry.actor or "–",
        "against": f"v{figures['a']}" if figures.get("a") else "–",
        "verdict": str(figures.get("verdict") or entry.evidence.get("verdict") or "–"),
        "gain": f"{metric_name(str(figures['metric']))} {gain_text(figures)}" if figures.get("metric") else "–",
        "seeds": str(figures.get("seeds", "–")),
        "guardrails": _guardrails(figures),
    }


def _guardrails(figures: Mapping[str, Any]) -> str:
    """What became of the guardrails: which broke, else how many held and how many were reported only."""
    found = figures.get("guardrails") or []
    broken = ", ".join(str(item["name"]) for item in found if not item.get("held", True))
    if not found or broken:
        return say("history.broke", names=broken) if broken else "–"
    if any("reported" not in item for item in found):  # an older entry: it may have had no margin
        return say("history.none_broken")
    reported = sum(item["reported"] for item in found)
    if reported in (0, len(found)):
        return say("history.reported" if reported else "history.held")
    return say("history.held_some", held=len(found) - reported, reported=reported)


def _decides(entry: Entry, number: int) -> bool:
    """Whether an entry made a version the champion, took that from it by a rollback, or refused it by the test rows."""
    left = entry.action == "rollback" and entry.evidence.get("from") == number
    return entry.action in (*CROWNING, "open") and (entry.table == number or left)


def _decision(entry: Entry, number: int) -> dict[str, Any]:
    what = phrase("log.action", entry.action)
    if entry.action == "rollback":
        left = entry.table != number
        other = entry.table if left else entry.evidence.get("from")
        what = say("history.back_to" if left else "history.back_from", version=f"v{other}" if other else "–")
    return {
        "what": what,
        "time": moment(entry.time),
        "actor": entry.actor or "–",
        "reason": entry.reason or say("history.no_reason"),
        "proof": say("history.forced_by") if entry.forced else _proof(entry),
        "forced": entry.forced,
    }


def _proof(entry: Entry) -> str:
    """The test that a decision rests on, and what the test rows then said."""
    figures, parts = entry.figures, []
    if figures:
        names = {"a": f"v{figures.get('a')}", "b": f"v{figures.get('b')}"}
        metric = metric_name(str(figures.get("metric", "")))
        told = {"verdict": figures.get("verdict"), "metric": metric, "gain": gain_text(figures)}
        parts.append(say("history.proof", **names, **told))
    if scores := entry.evidence.get("test_scores"):
        parts.append(second_proof(scores))
    return " · ".join(parts) or "–"


def second_proof(scores: Mapping[str, Any]) -> str:
    """What the test rows said of a promotion: both scores, the gain with its interval, rows and fresh seeds."""
    sides = {name: score_text(_float(scores.get(name))) for name in ("a", "b")}
    about = {name: scores.get(name, "–") for name in ("n", "seeds")}
    metric = metric_name(str(scores.get("metric", "")))
    return say("history.second_proof", metric=metric, gain=gain_text(scores), **sides, **about)


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "time": moment(entry.time),
        "what": action_text(entry),
        "version": f"v{entry.table}" if entry.table else "–",
        "actor": entry.actor or "–",
        "reason": " · ".join([*oddities(entry), *([entry.reason] if entry.reason else [])]) or "–",
        "forced": entry.forced,
    }


def _float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def table_diff_page(a: ParamTable, b: ParamTable, names: tuple[str, str]) -> str:
    """HTML that needs nothing else: the rows that differ with their reasons, then all that are the same.

    Args:
        names: what the two tables are called.
    """
    changed = [str(item["row"]) for item in diff(a, b)]
    same = [name for name in dict.fromkeys([*a.rows, *b.rows]) if name not in changed]
    return render(
        "table_diff.html.j2",
        names=names,
        sides=[_side(table, name) for table, name in zip((a, b), names, strict=True)],
        changed=[row_view(a, b, name) for name in changed],
        same=[row_view(a, b, name) for name in same],
    )


def row_view(a: ParamTable, b: ParamTable, name: str) -> dict[str, Any]:
    """A row as people read it: both values, by how much they differ, default, recommendation, reason, description."""
    row = b.rows.get(name) or a.rows[name]
    before, after = in_force(a, name), in_force(b, name)
    return {
        "name": name,
        "from": shown(before),
        "to": shown(after),
        "factor": factor(before, after),
        "default": shown(row.default),
        "recommended": "–" if row.recommended is None else shown(row.recommended),
        "reason": row.reason,
        "text": described(name, row.description),
    }


def factor(before: Value, after: Value) -> str:
    """`×0.5` for two numbers above 0; empty where a ratio says nothing."""
    numbers = [item for item in (before, after) if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) < 2 or min(numbers) <= 0 or before == after:
        return ""
    return f"×{numbers[1] / numbers[0]:.3g}"


def described(name: str, description: str) -> str:
    """What a row is, in the user's language; the owner's own words stay as they are."""
    declared = find(name)
    if declared is None or description not in (declared.row.text, declared.row.zh):
        return description
    return declared.row.zh if language() == "zh" else declared.row.text


def _side(table: ParamTable, name: str) -> dict[str, Any]:
    facts = [
        (say("table.diff.version"), f"v{table.version}" if table.version else "–"),
        (say("table.diff.parent"), f"v{table.parent}" if table.parent else "–"),
        (say("table.diff.owner"), table.owner or "–"),
        (say("table.diff.created"), table.created[:16].replace("T", " ") or "–"),
        (say("table.diff.values"), table.values_id),
        (say("table.diff.note"), table.note or "–"),
    ]
    return {"name": name, "facts": facts}


__all__ = [
    "Form",
    "action_text",
    "described",
    "factor",
    "gain_text",
    "moment",
    "oddities",
    "render_history",
    "row_view",
    "second_proof",
    "table_diff_page",
]
