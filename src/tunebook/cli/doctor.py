"""tunebook doctor: what this machine has and lacks, or what is wrong with a book."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, facts, grid
from tunebook.cli.options import argument
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console


def doctor(
    book: Annotated[Path | None, argument("checked_book", "BOOK")] = None,
) -> Answer:
    """Look at the machine, or at a book."""
    if book is not None:
        return _of_book(book)
    from tunebook.verbs.steps.doctor import doctor as look

    found = look(offline=os.environ.get("HF_HUB_OFFLINE") == "1")
    return Answer(found, lambda screen: _tell(screen, found), tuple(found["missing"].values()))


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


def _tell(screen: Console, found: dict[str, Any]) -> None:
    from tunebook.core.words import memory

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
        *((name, say(f"cli.doctor.model.{state}")) for name, state in found["models"].items()),
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


__all__ = ["doctor"]
