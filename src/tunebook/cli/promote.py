"""tunebook promote and rollback: which version of the table is in force."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, note, warn
from tunebook.cli.bars import Bars
from tunebook.cli.options import Books, argument, option
from tunebook.core.errors import RefusedError
from tunebook.core.messages import say

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from tunebook.core.verdict import Verdict
    from tunebook.knowledge.log import Entry
    from tunebook.verbs.abtest.final_exam import Trial
    from tunebook.verbs.promote import Promotion
    from tunebook.verbs.steps.book import Book

Version = Annotated[str, argument("promoted", "vN")]
Reason = Annotated[str, option("why", "--reason", metavar="TEXT")]
Owner = Annotated[str, option("owner", "--owner", metavar="NAME")]


def promote(
    book: Books,
    version: Version,
    reason: Reason = "",
    force: Annotated[bool, option("force", "--force")] = False,
    owner: Owner = "",
) -> Answer:
    """Make a proven version the champion."""
    from tunebook.verbs.promote import enact, weigh
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    promotion = proven(opened, weigh(opened, version, actor=owner, reason=reason, force=force))
    return _answer(book, lambda: enact(opened, promotion))


def proven(book: Book, promotion: Promotion) -> Promotion:
    """Say what the last proof of a promotion costs and could see, and bring it."""
    from tunebook.verbs.promote import tried

    trial = promotion.trial
    if trial is None:
        return promotion
    _announce(book, trial, promotion.change.evidence["test_split"])
    with Bars(trial.metric) as bars:
        return tried(book, promotion, bars)


def _announce(book: Book, trial: Trial, before: dict[str, int]) -> None:
    from tunebook.core.words import amount, duration

    about = {"seeds": len(trial.seeds), "runs": trial.missing, "time": duration(trial.seconds)}
    count = {"n": len(trial.exam.rows), "number": before["logged"] + 1, "most": book.file.gate.openings}
    note(say("promote.begins", name=f"v{trial.arms[1].table.version}", **about, **count))
    if before["runs"]:
        note(say("promote.reports", count=before["runs"]))
    if trial.least is None:
        return
    note(say("promote.could_see", least=amount(trial.least, trial.metric), gain=amount(trial.gain, trial.metric)))
    if trial.least > trial.gain:
        note(say("promote.few_test_rows"), style="yellow")


def promoted(book: Book, verdict: Verdict) -> dict[str, Any]:
    """What became of a promotion after a test: the champion with its scores on the test rows, or why it was refused."""
    from tunebook.verbs.promote import enact, weigh

    try:
        weighed = weigh(book, verdict.b, verdict=verdict, reason=verdict.reason)
        entry = enact(book, proven(book, weighed))
    except RefusedError as error:
        return {"error": error.to_json()}
    evidence, looks = entry.evidence, opened_before(entry) + 1
    return {"champion": f"v{entry.table}", "test_scores": evidence["test_scores"], "test_looks": looks}


def rollback(
    book: Books,
    to: Annotated[str | None, option("rollback_to", "--to", metavar="vN")] = None,
    reason: Reason = "",
    owner: Owner = "",
) -> Answer:
    """Bring a former champion back."""
    from tunebook.verbs.promote import rollback as act
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    return _answer(book, lambda: act(opened, to=to, actor=owner, reason=reason))


def _answer(book: Path, act: Callable[[], Entry]) -> Answer:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        entry = act()
    said = [str(item.message) for item in caught if item.category is UserWarning]
    previous = entry.evidence.get("from")
    data: dict[str, Any] = {
        "champion": f"v{entry.table}",
        "previous": f"v{previous}" if previous else None,
        "entry": entry.number,
        "forced": entry.forced,
    }
    data |= {name: entry.evidence[name] for name in ("test_scores",) if name in entry.evidence}

    def tell(screen: Console) -> None:
        done = say("promote.done", champion=data["champion"], previous=data["previous"] or "–", entry=entry.number)
        screen.print(f"✓ {done}", style="green")
        if "test_scores" in data:
            screen.print(test_rows_text(data["test_scores"], opened_before(entry) + 1))
        if entry.forced:
            warn(screen, [say("promote.forced_note", why=entry.reason)])
        warn(screen, said)

    return Answer(data, tell, (command("table", "log", book), command("train", book)))


def test_rows_text(found: dict[str, Any], times: int) -> str:
    """What the test rows say of a promotion, and how often they were opened by now."""
    from tunebook.core.words import amount, metric_name, score_text

    scores = {name: score_text(found[name]) for name in ("a", "b")}
    points = {name: amount(found[name], found["metric"]) for name in ("gain", "lower", "upper")}
    about = {"metric": metric_name(found["metric"]), "n": found["n"], "seeds": found["seeds"], "times": times}
    return say("promote.test_rows", **about, **scores, **points)


def opened_before(entry: Entry) -> int:
    """How often the test rows had been opened for promotions and tests before this one."""
    return int((entry.evidence.get("test_split") or {}).get("logged", 0))


__all__ = ["opened_before", "promote", "promoted", "proven", "rollback", "test_rows_text"]
