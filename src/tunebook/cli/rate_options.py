"""Options of tunebook rate: what a study is to be, who rates what, and which action takes which."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tunebook.cli.options import listed, option, share
from tunebook.core.errors import PlanError

if TYPE_CHECKING:
    from tunebook.verbs.rate_study import Wanted

NEW = "new"


@dataclass(frozen=True)
class Begin:
    """What a study is to be."""

    runs: Annotated[str | None, option("rate_runs", "--runs", metavar="RUN,RUN")] = None
    questions: Annotated[str | None, option("rate_questions", "--questions", metavar="KEY,…|FILE")] = None
    kind: Annotated[str | None, option("rate_kind", "--kind", metavar="pairs|scores|both")] = None
    rows: Annotated[int | None, option("rate_rows", "--rows", metavar="N")] = None
    raters: Annotated[str | None, option("rate_raters", "--raters", metavar="NAME,…")] = None
    overlap: Annotated[str | None, option("rate_overlap", "--overlap", metavar="SHARE")] = None
    split: Annotated[str | None, option("rate_split", "--split", metavar="SPLIT")] = None
    by: Annotated[str | None, option("rate_by", "--by", metavar="COL,…")] = None
    seed: Annotated[int | None, option("rate_seed", "--seed", metavar="N")] = None

    def wanted(self) -> Wanted:
        """As the verb takes it."""
        from tunebook.verbs.rate_study import Wanted

        given: dict[str, Any] = {
            "questions": self.questions, "kind": self.kind, "rows": self.rows, "split": self.split, "seed": self.seed,
            "raters": None if self.raters is None else tuple(listed(self.raters)),
            "overlap": None if self.overlap is None else share("--overlap", self.overlap),
            "by": None if self.by is None else tuple(listed(self.by)),
        }  # fmt: skip
        return Wanted(**{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class Mine:
    """Which study, who, and what is said."""

    study: Annotated[str, option("rate_study", "--study", metavar="ID")] = ""
    rater: Annotated[str, option("rate_rater", "--rater", metavar="NAME")] = ""
    item: Annotated[str, option("rate_item", "--item", metavar="ID")] = ""
    value: Annotated[list[str] | None, option("rate_value", "--value", metavar="VALUE|KEY=VALUE")] = None
    file: Annotated[Path | None, option("rate_file", "--file", metavar="FILE")] = None
    out: Annotated[Path | None, option("rate_out", "--out", metavar="FILE")] = None

    def needed(self, action: str, *names: str) -> None:
        """Refuse a call that lacks one of these.

        Raises:
            PlanError: `rate.needs`.
        """
        for name in names:
            if not getattr(self, name):
                shown = {"rater": "--rater NAME", "file": "--file FILE", "out": "--out FILE", "item": "--item ID"}
                raise PlanError("rate.needs", key=f"--{name}", value=action, allowed=shown.get(name, f"--{name} 1"))


_TAKES = {
    NEW: {item.name for item in fields(Begin)},
    "status": set(), "next": {"study", "rater"}, "answer": {"study", "rater", "item", "value"},
    "undo": {"study", "rater"}, "decide": {"study", "rater", "item", "value"}, "export": {"study", "rater", "out"},
    "import": {"study", "file"}, "result": {"study"},
}  # fmt: skip


def only(begin: Begin, mine: Mine, action: str) -> None:
    """Refuse options that another action takes.

    Raises:
        PlanError: `rate.option`.
    """
    for group in (begin, mine):
        for item in fields(group):
            if getattr(group, item.name) != item.default and item.name not in _TAKES[action]:
                owners = " | ".join(name for name, taken in _TAKES.items() if item.name in taken)
                raise PlanError("rate.option", key=f"--{item.name}", value=action, allowed=owners)


__all__ = ["NEW", "Begin", "Mine", "only"]
