"""tunebook check and doctor: can this table be trained here, what will it cost, and what does this machine lack?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, advise, command, facts, grid, warn
from tunebook.cli.app import fitted
from tunebook.cli.choose import chosen_table, described, overruled
from tunebook.cli.init import data_facts
from tunebook.cli.options import Allowed, Books, Chosen, argument, repeated_options
from tunebook.core.messages import say
from tunebook.report.plan_words import plan_facts
from tunebook.verbs.steps.pace import pace_of

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.verbs.check import Check
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.learnt import Learnt


NO = 1
_PART = 1200  # characters of a part of a conversation that a screen shows; `--json` and the data report have all


def check(book: Books, chosen: Chosen, allowed: Allowed) -> Answer:
    """Check everything, change nothing."""
    from tunebook.verbs.check import check as find
    from tunebook.verbs.steps.book import open_book

    opened = open_book(book)
    found = find(opened, chosen_table(opened, chosen), allow=allowed.names)
    found.warnings.extend(overruled(opened, chosen))
    return Answer(
        _data(found),
        lambda screen: _tell(screen, opened, found, described(opened, chosen)),
        (command("train", book, *repeated_options(chosen, allowed)),) if found.ok else (),
        0 if found.ok else NO,
    )


def _data(found: Check) -> dict[str, Any]:
    from tunebook.tables.in_force import peak_rate

    estimate = found.plan.estimate if found.plan else None
    return {
        "learning_rate": peak_rate(found.plan)[1] if found.plan else None,
        "ok": found.ok,
        "problems": found.problems,
        "estimate": estimate.model_dump() if estimate else None,
        "warnings": found.warnings,
        "head": found.plan.head.model_dump() if found.plan and found.plan.head else None,
        **(found.learnt.data() if found.learnt else {}),
    }


def _tell(screen: Console, book: Book, found: Check, table: str) -> None:
    from tunebook.data.describe import warning_text

    pairs = [*data_facts(book.data), (say("cli.table"), table)]
    learnt = [] if found.learnt is None else [(say("learnt.fact"), learnt_text(found.learnt))]
    plan = found.plan
    if plan is not None and found.learnt is not None and not found.learnt.pairs:  # which says it of the rows
        told = {"cut_share": 0.0, "left_out_share": 0.0}
        plan = plan.model_copy(update={"estimate": plan.estimate.model_copy(update=told)})
    screen.print(facts([*pairs, *(plan_facts(plan, pace_of(book.path / "runs")) if plan else []), *learnt]))
    screen.print()
    if found.learnt is not None and found.learnt.sample:
        _tell_sample(screen, found.learnt)
    warn(screen, (fitted(warning_text(item), ["check"]) for item in found.warnings))
    for problem in found.problems:
        screen.print(f"✗ [{problem['code']}] {problem['message']}", style="bold red", soft_wrap=True)
        advise(screen, {**problem, "advice": fitted(problem["advice"], ["check"])})
    if found.ok:
        screen.print(f"✓ {say('cli.check.good')}", style="green")


def learnt_text(found: Learnt) -> str:
    """How many tokens are learnt, and how many rows teach nothing."""
    from tunebook.core.formatting import number

    tokens = {"learnt": number(found.learnt), "tokens": number(found.tokens)}
    rows, without = number(found.rows), number(found.without)
    text = say("learnt.of", **tokens, rows=number(found.rows - found.without))
    text += say("learnt.of_without", count=without, rows=rows) if found.without else ""
    return text + (say("learnt.of_some", rows=rows, all=number(found.whole)) if found.whole > found.rows else "")


def _tell_sample(screen: Console, found: Learnt) -> None:
    """A row with its learnt parts in colour, or in brackets where there is none."""
    from rich.text import Text

    screen.print(say("learnt.caption"), style="bold", soft_wrap=True)
    shown = Text()
    for whole, learnt in found.sample:
        text = whole if len(whole) <= _PART else f"{whole[: _PART - 200]} … {whole[-200:]}"
        if not learnt:
            shown.append(text, style="dim")
        elif screen.color_system is None:
            shown.append(f"⟦{text}⟧")
        else:
            shown.append(text, style="bold green")
    shown.rstrip()
    screen.print(shown, soft_wrap=True)
    screen.print()


def doctor(
    book: Annotated[Path | None, argument("checked_book", "BOOK")] = None,
) -> Answer:
    """Look at the machine, or at a book."""
    if book is not None:
        return _of_book(book)
    from tunebook.verbs.steps.doctor import doctor as look

    found = look(offline=os.environ.get("HF_HUB_OFFLINE") == "1")
    return Answer(found, lambda screen: _tell_doctor(screen, found), tuple(found["missing"].values()))


def _of_book(book: Path) -> Answer:
    """All that is wrong with a book; the exit code is 1 where there is something."""
    from tunebook.verbs.checkup import checkup

    found = checkup(book)

    def tell(screen: Console) -> None:
        for finding in found:
            screen.print(f"! {finding.path}", style="yellow", soft_wrap=True)
            screen.print(f"  [{finding.code}] {finding.message}", soft_wrap=True)
            screen.print(f"  → {finding.advice}", soft_wrap=True)
            screen.print()
        told = say("cli.doctor.faults", count=len(found)) if found else f"✓ {say('cli.doctor.sound', book=book)}"
        screen.print(told, style="yellow" if found else "green", soft_wrap=True)

    findings = [finding.model_dump() for finding in found]
    return Answer({"ok": not found, "findings": findings}, tell, code=1 if found else 0)


def _tell_doctor(screen: Console, found: dict[str, Any]) -> None:
    from tunebook.core.formatting import memory

    machine = found["machine"]
    gpu = memory(machine["gpu_memory_bytes"]) if machine["gpu_memory_bytes"] else say("cli.doctor.none")
    reachable = {True: "yes", False: "no", None: "not_tried"}[found["hub"]["reachable"]]
    pairs = [
        ("Tunebook", found["tunebook"] or "?"),
        ("Python", f"{found['python']}, {found['platform']}"),
        (say("cli.doctor.cores"), machine["cores"]),
        (say("cli.doctor.memory"), memory(machine["memory_bytes"])),
        (say("cli.doctor.gpu"), gpu),
        ("bfloat16", say(f"cli.doctor.{'fast' if machine['bf16'] else 'slow'}")),
        (say("cli.doctor.disk"), memory(found["disk_free_bytes"])),
        *((name, _state(name, state)) for name, state in found["models"].items()),
        (say("cli.doctor.hub"), f"{found['hub']['endpoint']}: {say(f'cli.doctor.{reachable}')}"),
    ]
    screen.print(facts(pairs))
    screen.print()
    lines = [(name, version or "–") for name, version in found["libraries"].items()]
    screen.print(grid((say("cli.doctor.library"), say("cli.doctor.version")), lines))
    screen.print()
    if found["missing"]:
        screen.print(f"! {say('cli.doctor.missing', extras=', '.join(found['missing']))}", style="yellow")
    else:
        screen.print(f"✓ {say('cli.doctor.complete')}", style="green")


def _state(name: str, state: str) -> str:
    """Of a built-in model, with the terms under which it may be used."""
    from tunebook.models.source import TERMS

    said = say(f"cli.doctor.model.{state}")
    return say("cli.doctor.terms", state=said, terms=TERMS[name]) if name in TERMS else said


__all__ = ["NO", "check", "doctor", "learnt_text"]
