"""tunebook doctor: what this machine has and lacks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from tunebook.cli.answer import Answer, facts, grid
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console


def doctor() -> Answer:
    """Look at the machine."""
    from tunebook.verbs.doctor import doctor as look

    found = look(offline=os.environ.get("HF_HUB_OFFLINE") == "1")
    return Answer(found, lambda screen: _tell(screen, found), tuple(found["missing"].values()))


def _tell(screen: Console, found: dict[str, Any]) -> None:
    from tunebook.report.words import memory

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
