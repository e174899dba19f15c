"""The rule of a test as people type it, read and checked without the book: what it asks for, as the verb takes it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from tunebook.core.amounts import read_amount, read_delta
from tunebook.core.changes import numbers, read_changes
from tunebook.core.verdict import Gate, asked_gate, asked_seeds

if TYPE_CHECKING:
    from tunebook.verbs.abtest.ab_plan import Asked


class Typed(TypedDict, total=False):
    """The options of `tunebook ab` as they are typed; what is None or left out is in the book's gate."""

    seeds: str | None
    looks: str | None
    delta: str | None
    metric: str | None
    alpha: str | None
    guard: Sequence[str] | None
    challenge: Sequence[str] | None
    prices: Path | None
    continue_from: str | None
    aa: bool


def read_rule(typed: Typed, own: Sequence[str] = ()) -> Asked:
    """What the options ask for, as the verb takes it.

    Args:
        own: names of the metrics of the book's owner, which may be guarded too.

    Raises:
        TunebookError: `cli.option` for a value that its option does not take, `cli.twice`, `ab.gate`, `ab.guard`,
            `ab.seeds`, `ab.prices`.
    """
    asked: Asked = {"aa": typed.get("aa", False)}
    if (seeds := typed.get("seeds")) is not None:
        found = numbers("--seeds", seeds)
        asked["seeds"] = found[0] if len(found) == 1 else found
        asked_seeds(Gate(), asked["seeds"])
    if (looks := typed.get("looks")) is not None:
        none = looks.strip().lower() in ("none", "无")
        asked["looks"] = [] if none else numbers("--looks", looks)
    if (delta := typed.get("delta")) is not None:
        asked["delta"], asked["delta_kind"] = read_delta(delta)
    if (metric := typed.get("metric")) is not None:
        asked["metric"] = metric
    if (alpha := typed.get("alpha")) is not None:
        asked["alpha"] = read_amount("--alpha", alpha)
    if (start := typed.get("continue_from")) is not None:
        asked["continue_from"] = start
    if guard := typed.get("guard"):
        asked["guard"] = {name: _margin(text) for name, text in read_changes(guard, "--guard").items()}
    asked_gate(Gate(), asked, own)
    asked["challenges"] = [_challenge(item) for item in typed.get("challenge") or ()]
    if (prices := typed.get("prices")) is not None:
        from tunebook.verbs.abtest.ab_plan import read_prices  # a slip of the pen is told before anything is loaded

        asked["prices"] = read_prices(prices)
    return asked


def _margin(text: str) -> float | Literal["off"]:
    return "off" if text.lower() in ("off", "关") else read_amount("--guard", text)


def _challenge(text: str) -> str:
    """A file; a margin behind its name becomes a plain number."""
    path, sign, margin = text.rpartition("=")
    return f"{path}={read_amount('--challenge', margin)}" if sign and not Path(text).exists() else text


__all__ = ["Typed", "read_rule"]
