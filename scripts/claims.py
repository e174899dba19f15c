"""docs/claims.md: what the field claims and what was measured, made from the files in `benchmarks/results/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
HEAD = """# What the field claims, and what was measured here

Each line is a figure that is often quoted, or what a technique is said to be for, measured with several seeds on real
sets, English and Chinese, and reported whether it flatters or not. This page is made from `benchmarks/results/` by
`python scripts/make_docs.py`; do not edit it. Gains are differences of accuracy in points, both ends of their interval
wrong with 5 % each. Models and sets are small, so that two cores are enough to run everything again (`make bench
CLAIM=H3`, or all one after the other with `CLAIM=CLAIMS`): a figure here says what happens on such models, not on all.
"""
TABLE = ("Set", "Compared", "From", "To", "Gain in points", "Seeds", "Rows")
FACTS = ("learned", "final", "forgetting")


def page() -> str:
    """The page: a list of all claims first, then one section each, then what was tuned and what an oracle says."""
    found = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(RESULTS.glob("*.json"), key=_place)
    }
    claims = {name: one for name, one in found.items() if "verdict" in one}
    listed = [(f"[{name}](#{name.lower()})", one["claim"], f"**{one['verdict']}**") for name, one in claims.items()]
    parts = [HEAD, grid(("Claim", "What is said", "Found"), listed)]
    parts += [section(name, one) for name, one in claims.items()]
    parts += [part(found[name]) for name, part in OTHERS.items() if name in found]
    return "".join(parts)


def _place(path: Path) -> tuple[bool, str]:
    """The field's own figures (H1 ...) first."""
    return not path.stem[1:2].isdigit(), path.stem


def section(name: str, found: dict[str, Any]) -> str:
    """A claim: what is said, what was found, the figures, the command."""
    parts = [f"\n## {name}\n\n{found['claim']}\n\n**{found['verdict']}**: {found['why']}\n"]
    lines = [(key, *line) for key, one in found["sets"].items() for line in gains(one)]
    parts.append(grid(TABLE, lines) if lines else "")
    kept = [(key, arm, *kept_of(facts)) for key, one in found["sets"].items() for arm, facts in chains(one)]
    head = ("Set", "Method", "Learned", "In the end", "Forgotten", "Forgetting prevented")
    parts.append(grid(head, kept) if kept else "")
    return "".join(parts) + told_by(found)


def told_by(found: dict[str, Any]) -> str:
    """The command with the machine and the day."""
    minutes = sum(found.get("minutes", {}).values())
    took = f", {minutes:.0f} minutes of one core" if minutes else ""
    return f"\n`{found['command']}` on {found['machine']['processor']}, {found['date']}{took}.\n"


def gains(found: dict[str, Any], name: str = "") -> Iterator[tuple[str, ...]]:
    """Every gain inside a result, however deep, with the names on the way to it."""
    if {"gain", "lower", "upper"} <= found.keys():
        scores = found.get("scores", found)
        if "a" not in scores:  # a ratio, which its sentence tells
            return
        before, after = (f"{mean(scores[side]):.3f}" for side in "ab")
        gain, low, high = (f"{100 * found[key]:+.1f}" for key in ("gain", "lower", "upper"))
        rows = found.get("rows", found.get("n"))
        yield name, before, after, f"{gain} [{low}, {high}]", str(found["seeds"]), str(rows)
        return
    for key, inner in found.items():
        if isinstance(inner, dict):
            yield from gains(inner, f"{name} {key}".strip())


def chains(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Arms of a sequence of tasks."""
    for arm, facts in found.items():
        if isinstance(facts, dict) and set(FACTS) <= facts.keys():
            yield arm, facts


def kept_of(facts: dict[str, Any]) -> tuple[str, ...]:
    """The cells of an arm of a sequence."""
    prevents, ends = facts.get("prevents"), facts.get("interval")
    share = "" if prevents is None else f"{prevents:.0%}" + (f" [{ends[0]:.0%}, {ends[1]:.0%}]" if ends else "")
    return *(f"{mean(facts[fact]):.3f}" for fact in FACTS), share


def mean(values: float | list[float]) -> float:
    """Of one value or of several."""
    return sum(values) / len(values) if isinstance(values, list) else values


def digits(found: dict[str, Any]) -> str:
    """Five permutations of the digits' pixels: ours beside what was measured elsewhere."""
    lines = [
        (
            arm,
            *(f"{facts[fact]:.3f}" for fact in FACTS),
            f"{found['known'][arm]:.2f}" if arm in found["known"] else "",
        )
        for arm, facts in found["arms"].items()
    ]
    return (
        "\n## The oracle of forgetting\n\nFive permutations of scikit-learn's digits, learned one after the other by a "
        f"small network, {found['seeds']} seeds. `half`: every epoch holds as many old rows as new ones; else each "
        "kept row comes once an epoch.\n"
        + grid(("Method", "Learned", "In the end", "Forgotten", "In the end, measured elsewhere"), lines)
        + told_by(found)
    )


def rates(found: dict[str, Any]) -> str:
    """The rates that parameter-efficient methods were tried with, and the one that was taken."""
    lines = []
    for method, one in found["methods"].items():
        for rate, score in one["means"].items():
            each = ", ".join(f"{mean(scores[rate]):.3f}" for scores in one["sets"].values())
            taken = f"**{float(rate):g}**" if float(rate) == one["rate"] else f"{float(rate):g}"
            lines.append((method, taken, f"{score:.3f}", each))
    names = ", ".join(next(iter(found["methods"].values()))["sets"])
    asked = found["asked"]
    return (
        f"\n## Rates of parameter-efficient methods\n\nMean accuracy over two sets ({names}), {asked['rows']} rows, "
        f"{asked['epochs']} epochs, {asked['seeds']} seeds; the rate in bold is the method's default.\n"
        + grid(("Method", "Rate", "Mean", "Each set"), lines)
        + told_by(found)
    )


OTHERS = {"PERMUTED_DIGITS": digits, "PEFT_DEFAULTS": rates}


def grid(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    body = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
    return f"\n{body}\n"
