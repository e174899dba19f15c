"""The options of tunebook ab, read and checked without the book: what they ask for, as the verb takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tunebook.cli.engines import Where
from tunebook.cli.options import Allowed, option
from tunebook.verbs.abtest.read_rule import read_rule

if TYPE_CHECKING:
    from tunebook.verbs.abtest.ab_plan import Asked


@dataclass(frozen=True)
class GateOptions:
    """By which rule the test decides; what is not given is in the book's gate."""

    seeds: Annotated[str | None, option("ab_seeds", "--seeds", metavar="N|N,N,…")] = None
    looks: Annotated[str | None, option("ab_looks", "--looks", metavar="N,…|none")] = None
    delta: Annotated[str | None, option("ab_delta", "--delta", metavar="2pt|2%")] = None
    metric: Annotated[str | None, option("ab_metric", "--metric", metavar="NAME")] = None
    alpha: Annotated[str | None, option("ab_alpha", "--alpha", metavar="0.05")] = None
    guard: Annotated[list[str] | None, option("ab_guard", "--guard", metavar="NAME=MARGIN")] = None
    challenge: Annotated[list[str] | None, option("ab_challenge", "--challenge", metavar="FILE[=MARGIN]")] = None
    aa: Annotated[bool, option("ab_aa", "--aa")] = False
    continue_from: Annotated[str | None, option("continue_from", "--continue-from", metavar="RUN")] = None


@dataclass(frozen=True)
class ExtraOptions(Where):
    """What is done beside the test, and where."""

    effects: Annotated[bool, option("ab_effects", "--effects")] = False
    effects_by: Annotated[str | None, option("ab_effects_by", "--effects-by", metavar="one|shapley")] = None
    prices: Annotated[Path | None, option("ab_prices", "--prices", metavar="FILE")] = None
    promote: Annotated[bool, option("ab_promote", "--promote")] = False
    owner: Annotated[str, option("owner", "--owner", metavar="NAME")] = ""

    @property
    def method(self) -> str:
        """How the effect of each row is measured; empty for not at all."""
        return self.effects_by or ("auto" if self.effects else "")

    def given(self) -> Asked:
        """What of it the verb is asked."""
        found: Asked = {}
        if self.promote:
            found["binding"] = True
        if self.owner:
            found["owner"] = self.owner
        return found


def read_options(rule: GateOptions, around: ExtraOptions, allowed: Allowed, own: Sequence[str] = ()) -> Asked:
    """What the options ask for, as the verb takes it.

    Args:
        own: names of the metrics of the book's owner, which may be guarded too.

    Raises:
        TunebookError: as `read_rule`.
    """
    asked = read_rule({**vars(rule), "prices": around.prices}, own)  # type: ignore[typeddict-item]
    return {**asked, **around.given(), "allow": allowed.names}


__all__ = ["ExtraOptions", "GateOptions", "read_options"]
