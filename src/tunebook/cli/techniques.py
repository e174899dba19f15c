"""tunebook techniques and table recommend: what a table could hold besides, and what speaks for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from tunebook.cli.answer import Answer, command, facts, grid, prose, warn
from tunebook.cli.layout import INDENT, wrap
from tunebook.cli.options import Allowed, Books, argument, option, pair, wrong
from tunebook.core.errors import TableError, TunebookError, near
from tunebook.core.facts import in_words
from tunebook.core.messages import columns_of, language, say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.core.params import Declaration
    from tunebook.tables.catalogue import Entry
    from tunebook.tables.recommend import Suggestion
    from tunebook.verbs.steps.book import Book
    from tunebook.verbs.steps.recommend import Recommendation, Wish


_NARROW = 20  # columns that a text has at least, on however narrow a terminal
Key = Annotated[str, argument("technique", "TECHNIQUE")]
OTHER = "other"
PURPOSES: dict[str, tuple[str, ...]] = {
    "part": ("lora", "adalora", "adapter", "bitfit", "ia3", "prefix", "prompt", "p_tuning"),
    "layers": ("freeze", "gradual_unfreezing", "layer_decay", "head_rate", "reinit", "no_decay", "l2_sp"),
    "few": ("linear_probe", "head_start", "setfit"),
    "steady": ("fgm", "pgd", "free_lb", "vat", "neftune", "r_drop", "mixup"),
    "averages": ("ema", "swa", "checkpoint_average", "soup", "wise_ft"),
    "rows": (
        "class_balanced",
        "focal",
        "asymmetric",
        "sample_weights",
        "curriculum",
        "ordinal_loss",
        "custom_loss",
        "crf",
        "candidates",
        "ngame",
        "listwise",
        "lambda_loss",
    ),
    "smaller": ("student", "distill", "distill_hidden", "distill_attention"),
    "more": ("pretrain", "intermediate", "multi_task", "self_training", "coral", "mmd", "dann", "kl_alignment"),
    "later": ("replay", "ewc", "si", "mas", "lwf"),
}
Scaling = Literal["none", "linear", "sqrt"]
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", re.IGNORECASE)
_FIELDS = {"memory": "memory_bytes", "gpu": "gpu_memory_bytes", "cores": "cores", "edge": "edge_bytes"}


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


@dataclass(frozen=True)
class Machines:
    """For what the advice is."""

    target: Annotated[list[str] | None, option("for", "--for", metavar="memory=2GB")] = None
    edge: Annotated[bool, option("edge", "--edge")] = False
    scale_rate: Annotated[str, option("scale_rate", "--scale-rate", metavar="linear|sqrt|none")] = "none"


@dataclass(frozen=True)
class Reach:
    """How far the advice goes and what is kept of it."""

    everything: Annotated[bool, option("recommend_all", "--all")] = False
    dry_run: Annotated[bool, option("recommend_dry_run", "--dry-run")] = False
    note: Annotated[str, option("note", "--note", metavar="TEXT")] = ""
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""


def table_recommend(book: Books, machines: Machines, reach: Reach, allowed: Allowed) -> Answer:
    """Look at the champion again and make a child of it."""
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.recommend import recommend

    opened = open_book(book)
    found = recommend(
        opened,
        wish(machines, everything=reach.everything),
        dry_run=reach.dry_run,
        note=reach.note,
        owner=reach.owner,
        allow=allowed.names,
    )
    version = f"v{found.table.version}" if found.table is not None and found.table.version else None
    data = {
        "table": version,
        "parent": f"v{found.parent}",
        "rows": [item.to_json() for item in found.rows],
        "kept": [item.to_json() for item in found.kept],
        "warnings": list(found.warnings),
    }
    return Answer(data, lambda screen: _tell(screen, found, version), _next(opened, found, version))


def wish(machines: Machines, *, everything: bool) -> Wish:
    """The machine that the options describe.

    Raises:
        TunebookError: `recommend.target`, `cli.option`, `cli.twice`.
    """
    from tunebook.verbs.steps.recommend import EDGE, Wish

    if machines.scale_rate not in get_args(Scaling):
        raise wrong("--scale-rate", machines.scale_rate, " | ".join(get_args(Scaling)))
    scaling: Scaling = machines.scale_rate  # type: ignore[assignment]
    said = targets(machines.target or ())
    if machines.edge:
        said.setdefault("edge_bytes", EDGE)
    return Wish(**said, scaling=scaling, everything=everything)


def targets(given: Sequence[str]) -> dict[str, int]:
    """Field of a wish -> number, from `memory=2GB`, `gpu=8GB`, `cores=4`, `edge=512MB`.

    Raises:
        TunebookError: `recommend.target` for another name or a value that is no size; `cli.twice`.
    """
    found: dict[str, int] = {}
    for item in given:
        name, text = pair("--for", item)
        field, value = _FIELDS.get(name.lower()), size(text)
        if field is None or value is None or value < (name.lower() != "gpu"):
            raise TunebookError("recommend.target", key=f"--for {name}", value=text, allowed=" | ".join(_FIELDS))
        if field in found:
            raise TunebookError("cli.twice", key=name, value=item)
        found[field] = value
    return found


def size(text: str) -> int | None:
    """Bytes of `2GB`, `512 MiB`, `1.5g` (all in powers of 1024), or a bare number; None for anything else."""
    match = _SIZE.fullmatch(text.strip())
    return int(float(match[1]) * _UNITS[match[2].lower()]) if match else None


def _tell(screen: Console, found: Recommendation, version: str | None) -> None:
    parent = f"v{found.parent}"
    if version:
        screen.print(f"✓ {say('recommend.added', version=version, parent=parent)}", style="green")
    elif found.table is not None:
        screen.print(say("recommend.would", parent=parent), style="yellow")
    else:
        screen.print(say("recommend.nothing_but" if found.kept else "recommend.nothing", parent=parent))
    for title, rows in (("", found.rows), (say("recommend.kept"), found.kept)):
        if rows:
            screen.print()
            if title:
                screen.print(title, style="bold")
            _tell_rows(screen, rows)
    if found.warnings:
        screen.print()
        warn(screen, found.warnings)


def _tell_rows(screen: Console, rows: Sequence[Suggestion]) -> None:
    from tunebook.cli.layout import wrap
    from tunebook.core.formatting import shown

    heads = [say(f"recommend.{name}") for name in ("row", "now", "advice", "confidence")]
    lines = [
        (item.row, shown(item.before), shown(item.advice.value), say(f"confidence.{item.advice.confidence}"))
        for item in rows
    ]
    screen.print(grid(heads, lines, whole=(0, 1, 2, 3)))
    for item in rows:
        screen.print()
        screen.print(item.row, style="bold")
        for words in wrap(f"{item.advice.reason} [{item.advice.source}]", screen.width - 4):
            screen.print(f"  {words}", style="dim", soft_wrap=True)


def _next(book: Book, found: Recommendation, version: str | None) -> tuple[str, ...]:
    parent = f"v{found.parent}"
    if version:
        return (command("ab", book.path, parent, version), command("table", "diff", book.path, parent, version))
    if found.kept and found.table is None:
        return (command("table", "recommend", book.path, "--all"),)
    return ()


__all__ = [
    "OTHER",
    "PURPOSES",
    "Machines",
    "Reach",
    "grouped",
    "purpose_of",
    "size",
    "table_recommend",
    "targets",
    "techniques",
    "wish",
]
