"""tunebook mine: hard negatives for queries with relevant passages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.answer import Answer, command, facts, warn
from tunebook.cli.bars import Bars
from tunebook.cli.options import Form, argument, data_options, option, share, wrong
from tunebook.core.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tunebook.tasks.ranking.mining import Rules
    from tunebook.verbs.mine import Mined

_ROLES, NO = "columns", 1
_FLAGS = {"split": "--split-column", "weight": "--weight"}


@dataclass(frozen=True)
class Found:
    """Which of the passages that are found are taken."""

    by: Annotated[str, option("mine_by", "--by", metavar="bm25|RUN|MODEL")] = "bm25"
    ranks: Annotated[str, option("mine_ranks", "--ranks", metavar="N-N")] = "1-100"
    negatives: Annotated[int, option("mine_negatives", "--negatives", metavar="N")] = 7
    margin: Annotated[float, option("mine_margin", "--margin", metavar="X")] = 0.0
    relative_margin: Annotated[str, option("mine_relative", "--relative-margin", metavar="SHARE")] = "0"
    pick: Annotated[str, option("mine_pick", "--pick", metavar="best|any")] = "best"
    seed: Annotated[int, option("mine_seed", "--seed", metavar="N")] = 42
    filter: Annotated[str | None, option("mine_filter", "--filter", metavar="RUN|MODEL")] = None
    filter_margin: Annotated[float, option("mine_filter_margin", "--filter-margin", metavar="X")] = 0.0

    def rules(self) -> Rules:
        """As the verb takes them."""
        from tunebook.tasks.ranking.mining import Rules

        first, _, last = self.ranks.partition("-")
        if not (first.isdecimal() and last.isdecimal()):
            raise wrong("--ranks", self.ranks, "1-100")
        relative = share("--relative-margin", self.relative_margin)
        ranks = int(first), int(last)
        return Rules(*ranks, self.negatives, self.margin, relative, self.pick, self.seed, self.filter_margin)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Read:
    """How the rows of a file are read."""

    text: Annotated[str | None, option("text", "--text", metavar="COL", panel=_ROLES)] = None
    text_pair: Annotated[str | None, option("text_pair", "--text-pair", metavar="COL", panel=_ROLES)] = None
    label: Annotated[str | None, option("label", "--label", metavar="COL", panel=_ROLES)] = None


def mine(
    source: Annotated[Path, argument("mine_source", "BOOK|FILE")],
    into: Annotated[Path, option("mine_into", "--into", metavar="FILE")],
    found: Found,
    columns: Read,
    form: Form,
    scores: Annotated[str | None, option("mine_scores", "--scores", metavar="RUN")] = None,
) -> Answer:
    """Search hard negatives for each query."""
    from tunebook.verbs.mine import Models
    from tunebook.verbs.mine import mine as act

    if found.filter_margin and found.filter is None:
        raise wrong("--filter-margin", str(found.filter_margin), "--filter RUN")
    rules = found.rules()
    with Bars() as bars:
        models, options = Models(found.by, found.filter, scores), data_options(form, columns)
        mined = act(source, into, rules, by=models, options=options, progress=bars)
    flags = [word for name in mined.columns for word in (_FLAGS[name], name)]
    task = "embedding" if scores or mined.kept else mined.task or "reranking"
    go = command("init", "NEW-BOOK", "--data", into, "--task", task, *flags)
    following = (go,) if mined.negatives or mined.judged else ()
    data = {**asdict(mined), "path": str(mined.path)}
    return Answer(data, lambda screen: _tell(screen, mined), following, 0 if mined.negatives else NO)


def _tell(screen: Console, mined: Mined) -> None:
    from tunebook.core.formatting import number

    mark, style = ("✓ ", "green") if mined.negatives else ("", None)
    screen.print(f"{mark}{say('mine.done', path=mined.path)}", style=style, soft_wrap=True)
    names = ("rows", "negatives", "judged", "alike", "near", "filtered", "scored")
    counts = {name: getattr(mined, name) for name in names} | {"kept": mined.kept or None}
    screen.print(facts([(say(f"mine.{name}"), number(count)) for name, count in counts.items() if count is not None]))
    told = [say("mine.lost", columns=", ".join(mined.lost))] if mined.lost else []
    told += [say("mine.unscored", count=mined.negatives)] if mined.kept and mined.negatives else []
    without = say("mine.none" if mined.without == mined.rows else "mine.without", count=mined.without)
    warn(screen, [without, *told] if mined.without else told)


__all__ = ["NO", "Found", "Read", "mine"]
