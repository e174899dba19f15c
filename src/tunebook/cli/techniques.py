"""tunebook techniques: what may be switched on in a table, what it needs, and what it cannot stand beside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, prose
from tunebook.cli.layout import INDENT, wrap
from tunebook.cli.options import argument
from tunebook.core.errors import TableError, near
from tunebook.core.facts import in_words
from tunebook.core.messages import columns_of, language, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.params import Declaration
    from tunebook.tables.catalogue import Entry

_NARROW = 20  # columns that a text has at least, on however narrow a terminal

Key = Annotated[str, argument("technique", "TECHNIQUE")]
OTHER = "other"
PURPOSES: dict[str, tuple[str, ...]] = {
    "part": ("lora", "adalora", "adapter", "bitfit", "ia3", "prefix", "prompt", "p_tuning"),
    "layers": ("freeze", "gradual_unfreezing", "layer_decay", "head_rate", "reinit", "no_decay", "l2_sp"),
    "steady": ("fgm", "pgd", "free_lb", "vat", "neftune", "r_drop", "mixup"),
    "averages": ("ema", "swa", "checkpoint_average", "soup"),
    "rows": (
        "class_balanced",
        "focal",
        "asymmetric",
        "sample_weights",
        "curriculum",
        "ordinal_loss",
        "custom_loss",
        "crf",
    ),
    "smaller": ("student", "distill", "distill_hidden", "distill_attention"),
    "more": ("pretrain", "intermediate", "multi_task", "self_training", "coral", "mmd", "dann", "kl_alignment"),
    "later": ("replay", "ewc", "si", "mas", "lwf"),
}


def techniques(key: Key = "") -> Answer:
    """List all techniques, or show one of them."""
    from tunebook.tables.catalogue import catalogue

    found = catalogue()
    if key and key not in found:
        raise TableError("techniques.unknown", key=key, allowed=" | ".join(found), near=near(key, found))
    if key:
        return _one(found[key])
    data = [_facts(entry) for entry in found.values()]
    example = command("techniques", "layer_decay")
    return Answer(data, lambda screen: _tell_all(screen, data), (example,), lines=True)


def _facts(entry: Entry) -> dict[str, Any]:
    return {
        "technique": entry.key,
        "purpose": purpose_of(entry.key),
        "text": entry.told[0],
        "rows": [row.name for row in entry.rows],
        "needs": list(entry.needs),
        "excludes": list(entry.excludes),
    }


def _tell_all(screen: Console, data: list[dict[str, Any]]) -> None:
    texts = {item["technique"]: item["text"] for item in data}
    left = max(map(columns_of, texts)) + INDENT
    for purpose, names in grouped(texts).items():
        screen.print(say(f"techniques.for.{purpose}"), style="bold")
        for name in names:
            first, *rest = wrap(texts[name], max(screen.width - left - INDENT, _NARROW))
            screen.print(f"{' ' * INDENT}{name}{' ' * (left - columns_of(name))}{first}", soft_wrap=True)
            for line in rest:
                screen.print(f"{' ' * (INDENT + left)}{line}", soft_wrap=True)
        screen.print()


def _one(entry: Entry) -> Answer:
    data = {**_facts(entry), "doc": "\n\n".join(entry.told), "rows": [_row(row) for row in entry.rows]}
    first = entry.rows[0]
    switch = f"{entry.key}=on" if first.default is None else f"{first.name}={first.default}"
    return Answer(data, lambda screen: _tell_one(screen, entry, data), (command("table", "set", "book", switch),))


def _row(row: Declaration) -> dict[str, Any]:
    text = row.row.zh if language() == "zh" else row.row.text
    return {"row": row.name, "default": row.default, "allowed": row.allowed, "text": text}


def _tell_one(screen: Console, entry: Entry, data: dict[str, Any]) -> None:
    for number, part in enumerate(entry.told):
        text = part if number else f"{entry.key}: {part}"
        prose(screen, text, None if number else "bold")
        screen.print()
    words = {"needs": in_words(data["needs"]), "excludes": data["excludes"]}
    screen.print(facts([(say(f"techniques.{name}"), ", ".join(items) or "–") for name, items in words.items()]))
    screen.print()
    headings = [say(f"techniques.{name}") for name in ("row", "default", "allowed", "text")]
    lines = [
        (item["row"], "none" if item["default"] is None else item["default"], item["allowed"], item["text"])
        for item in data["rows"]
    ]
    screen.print(grid(headings, lines))


def grouped(names: Iterable[str]) -> dict[str, list[str]]:
    """Purpose -> names of techniques; those of other packages come last."""
    left = sorted(names)
    found = {purpose: [name for name in known if name in left] for purpose, known in PURPOSES.items()}
    placed = {name for known in found.values() for name in known}
    found[OTHER] = [name for name in left if name not in placed]
    return {purpose: known for purpose, known in found.items() if known}


def purpose_of(name: str) -> str:
    """What a technique is for."""
    return next(iter(grouped([name])))


__all__ = ["OTHER", "PURPOSES", "grouped", "purpose_of", "techniques"]
