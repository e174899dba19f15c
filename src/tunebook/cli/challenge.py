"""tunebook challenge: what a run can and cannot do, by capability."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.answer import Answer, command, facts, grid, prose, warn
from tunebook.cli.bars import Bars
from tunebook.cli.choose import chosen_run, read_changes
from tunebook.cli.options import Books, RunName, listed, option, wrong
from tunebook.core.amounts import read_amount
from tunebook.core.locations import AUTO
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.challenge.record import Challenged
    from tunebook.verbs.challenge import Ways
    from tunebook.verbs.steps.challenge_sets import ChallengeSet


@dataclass(frozen=True)
class WaysOptions:
    """How rows are changed."""

    only: Annotated[str | None, option("challenge_only", "--only", metavar="KEY,…")] = None
    changes: Annotated[list[str] | None, option("challenge_set", "--set", metavar="KEY.ROW=VALUE")] = None
    sentiment: Annotated[
        list[str] | None, option("challenge_sentiment", "--sentiment", metavar="positive|negative=LABEL")
    ] = None
    rows: Annotated[list[Path] | None, option("challenge_rows", "--rows", metavar="FILE")] = None
    templates: Annotated[list[Path] | None, option("challenge_templates", "--templates", metavar="FILE")] = None
    attack: Annotated[int, option("challenge_attack", "--attack", metavar="N")] = 0
    limit: Annotated[int, option("challenge_limit", "--limit", metavar="N")] = 500
    seed: Annotated[int, option("challenge_seed", "--seed", metavar="N")] = 0

    @property
    def asked(self) -> Ways:
        """As the verb takes it."""
        return {
            "only": listed(self.only or ""),
            "settings": read_changes(self.changes or ()),
            "sentiment": read_changes(self.sentiment or (), "--sentiment"),
            "rows": self.rows or (),
            "templates": self.templates or (),
            "attack": self.attack,
            "limit": self.limit,
            "seed": self.seed,
        }


@dataclass(frozen=True)
class FreezeOptions:
    """What is kept of it for the gate."""

    freeze: Annotated[str | None, option("challenge_freeze", "--freeze", metavar="NAME")] = None
    margin: Annotated[str | None, option("challenge_margin", "--margin", metavar="5pt")] = None
    gate: Annotated[bool, option("challenge_gate", "--gate")] = False


def challenge(
    book: Books,
    ways: WaysOptions,
    keep: FreezeOptions,
    run: RunName = AUTO,
    split: Annotated[str, option("challenge_split", "--split", metavar="SPLIT")] = "validation",
) -> Answer:
    """Change rows so that the right answer is known, and see what a run makes of them."""
    from tunebook.core.nouns import SPLITS
    from tunebook.verbs.challenge import challenge as ask
    from tunebook.verbs.steps.book import open_book
    from tunebook.verbs.steps.moved import rows_moved

    opened = open_book(book)
    part = next((name for name in SPLITS if name == split), None)
    if part is None:
        raise wrong("--split", split, " | ".join(SPLITS))
    asked, margin = ways.asked, _margin(keep)
    found = chosen_run(opened, run)
    if keep.freeze is not None:
        from tunebook.verbs.freeze_challenges import freeze_challenges

        frozen = freeze_challenges(opened, found, keep.freeze, split=part, margin=margin, gate=keep.gate, **asked)
        go = (command("ab", book, "v1", "v2"),) if keep.gate else ()
        return Answer(
            frozen.model_dump(mode="json"),
            lambda screen: _tell_frozen(screen, frozen, keep, found.plan.params.metric),
            go,
        )
    with Bars() as bars:
        made = ask(found, split=part, progress=bars, **asked)
    moved = rows_moved(opened, found)
    go = (command("challenge", book, "--freeze", "base", "--gate"),)
    data = {**made.model_dump(mode="json"), "warnings": moved}
    return Answer(data, lambda screen: _tell(screen, made, moved), go)


def _margin(keep: FreezeOptions) -> float | None:
    if keep.freeze is None and (keep.gate or keep.margin is not None):
        raise wrong("--gate" if keep.gate else "--margin", keep.margin or "", "--freeze NAME")
    return None if keep.margin is None else read_amount("--margin", keep.margin)


def _tell_frozen(screen: Console, frozen: ChallengeSet, keep: FreezeOptions, metric: str) -> None:
    from tunebook.core.formatting import amount, number, phrase
    from tunebook.verbs.freeze_challenges import MARGIN

    rows = sum(one.rows for one in frozen.files)
    prose(screen, say("challenge.frozen_said", files=len(frozen.files), rows=number(rows), name=frozen.name), "green")
    screen.print()
    lines = [
        (phrase("challenge.kind", one.capability), number(one.rows), amount(one.margin, metric, sign=False), one.file)
        for one in frozen.files
    ]
    wide = [] if keep.margin is not None else [one for one in frozen.files if one.margin > MARGIN]
    heads = (say("challenge.capability"), say("challenge.changed"), say("challenge.margin"), say("challenge.file_name"))
    screen.print(grid(heads, lines, right=(1, 2)))
    if wide:
        most = amount(max(one.margin for one in wide), metric, sign=False)
        least = min(one.rows for one in wide)
        prose(screen, say("challenge.frozen_wide", count=len(wide), rows=number(least), most=most), "yellow")
    line = f'challenges = ["{frozen.name}"]'
    prose(screen, say("challenge.gate_said") if keep.gate else say("challenge.gate_line", line=line), "dim")


def _tell(screen: Console, made: Challenged, moved: list[str]) -> None:
    from tunebook.report.challenge import brief_rows, cut_words, headings, name_of, verdict

    warn(screen, moved)
    prose(screen, verdict(made), "bold red" if made.failures else "green")
    screen.print()
    screen.print(grid(headings(made), brief_rows(made), right=(1, 2, 3, 4, 5)))
    for item in made.capabilities:
        if item.skipped:
            prose(screen, say("challenge.skipped_said", name=name_of(item), why=item.skipped), "dim")
    known: list[tuple[str, Any]] = [(say("cli.run"), made.run), (say("challenge.rows"), made.rows)]
    screen.print(facts([*known, (say("cli.report"), made.page)]))
    if made.cuts:
        warn(screen, [say("challenge.cuts")])
    if cut := cut_words(made):
        warn(screen, [cut])


__all__ = ["FreezeOptions", "WaysOptions", "challenge"]
