"""The options of tunebook ab, read and checked without the book: what they ask for, as the verb takes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tunebook.cli.options import Allowed, option, pair, wrong
from tunebook.core.changes import numbers

if TYPE_CHECKING:
    from tunebook.verbs.abtest.ab_plan import Asked

_POINTS = re.compile(r"([\d.]+)\s*(pts?|points?|pp|点|分|个?百分点)", re.IGNORECASE)
_SHARE = re.compile(r"([\d.]+)\s*[%％]")
_NUMBER = re.compile(r"\d*\.?\d+")
_AMOUNTS = "2pt | 2% | 0.02"


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
class ExtraOptions:
    """What is done beside the test."""

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
        TunebookError: `cli.option` for a value that its option does not take, `ab.gate`, `ab.guard`, `ab.seeds`,
            `ab.prices`.
    """
    from tunebook.core.verdict import Gate, asked_gate, asked_seeds

    asked: Asked = {"aa": rule.aa, "allow": allowed.names}
    if rule.seeds is not None:
        found = numbers("--seeds", rule.seeds)
        asked["seeds"] = found[0] if len(found) == 1 else found
        asked_seeds(Gate(), asked["seeds"])
    if rule.looks is not None:
        none = rule.looks.strip().lower() in ("none", "无")
        asked["looks"] = [] if none else numbers("--looks", rule.looks)
    if rule.delta is not None:
        asked["delta"], asked["delta_kind"] = read_delta(rule.delta)
    if rule.metric is not None:
        asked["metric"] = rule.metric
    if rule.alpha is not None:
        asked["alpha"] = read_amount("--alpha", rule.alpha)
    if rule.continue_from is not None:
        asked["continue_from"] = rule.continue_from
    if rule.guard:
        asked["guard"] = dict(_guard(item) for item in rule.guard)
    asked_gate(Gate(), asked, own)
    asked |= around.given()
    asked["challenges"] = [_challenge(item) for item in rule.challenge or ()]
    if around.prices is not None:
        from tunebook.verbs.abtest.ab_plan import read_prices

        asked["prices"] = read_prices(around.prices)
    return asked


def read_delta(text: str) -> tuple[float, Literal["absolute", "relative"]]:
    """The least gain: `2pt` and `0.02` are points of the metric, `2%` is a share of the old table's score.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    kind: Literal["absolute", "relative"]
    share = _SHARE.fullmatch(text.strip())
    if share and _NUMBER.fullmatch(share[1]):
        found, kind = float(share[1]) / 100, "relative"
    else:
        found, kind = read_amount("--delta", text), "absolute"
    if found >= 1:  # `2` for two points, most likely
        raise wrong("--delta", text, _AMOUNTS)
    return found, kind


def read_amount(name: str, text: str) -> float:
    """A number from `2pt`, `2%` or `0.02`.

    Raises:
        TunebookError: `cli.option` for anything else.
    """
    found = _POINTS.fullmatch(text.strip()) or _SHARE.fullmatch(text.strip())
    number = found[1] if found else text.strip()
    if not _NUMBER.fullmatch(number):
        raise wrong(name, text, _AMOUNTS)
    return float(number) / (100 if found else 1)


def _guard(text: str) -> tuple[str, float | Literal["off"]]:
    name, margin = pair("--guard", text)
    return name, "off" if margin.lower() in ("off", "关") else read_amount("--guard", margin)


def _challenge(text: str) -> str:
    """A file; a margin behind its name becomes a plain number."""
    path, sign, margin = text.rpartition("=")
    return f"{path}={read_amount('--challenge', margin)}" if sign and not Path(text).exists() else text


__all__ = ["ExtraOptions", "GateOptions", "read_amount", "read_delta", "read_options"]
