"""What each rater sees, in which order and on which side: drawn by the study's seed, the same whenever it is asked."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tunebook.core.errors import DataError
from tunebook.core.files import content_id
from tunebook.rating.study import PAIRS, Item, Study

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and signs that show nothing


@dataclass(frozen=True)
class Shown:
    """An item as a rater sees it.

    Attributes:
        turned: the second of its answers stands on the left.
    """

    item: Item
    turned: bool

    @property
    def answers(self) -> list[str]:
        """From left to right; one of an answer by itself."""
        return self.item.answers[::-1] if self.turned else list(self.item.answers)

    @property
    def left(self) -> int:
        """Which of the item's answers stands on the left."""
        return int(self.turned)

    @property
    def check(self) -> str:
        """Hash of what is shown: a file that comes back must be about the same."""
        return content_id([self.item.key, self.item.text, self.item.pair, self.answers], 8)


def check_rater(study: Study, rater: str) -> str:
    """The name of a rater, without spaces around it.

    Raises:
        DataError: `rate.who`, no name, or none of those of the study; `rate.name`, as `check_name`.
    """
    name = rater.strip()
    if not name or len(name) > 80 or (study.raters and name not in study.raters):
        raise DataError("rate.who", key="--rater", value=rater, allowed=" | ".join(study.raters))
    return check_name(name)


def check_name(name: str) -> str:
    """A name that others can read and type.

    Raises:
        DataError: `rate.name`, no sign of it is seen, or one turns the direction of writing or moves the cursor.
    """
    seen = any(unicodedata.category(sign)[0] in "LNPS" and sign not in _BLANK for sign in name)
    if not seen or any(sign in _TURNING or unicodedata.category(sign) == "Cc" for sign in name):
        raise DataError("rate.name", key="--rater", value=name)
    return name


def assigned(study: Study, rater: str) -> list[Shown]:
    """What a rater is to judge, in that rater's order.

    Of raters that were named all see the first share of the rows, and the others are shared out; whoever comes to a
    study without names sees all. Each pair of runs stands on either side equally often for each rater, and where two
    raters see the same item they see it from different sides.

    Raises:
        DataError: `rate.who`.
    """
    name = check_rater(study, rater)
    number = study.raters.index(name) if study.raters else _number(study.seed, name)
    chosen: list[Shown] = []
    for kind in ("pairs", "scores"):
        items = [item for item in study.items if item.kind == kind]
        common, own = _shared(study, items, number)
        chosen += _sided(study.seed, common, "common", number % 2)
        chosen += _sided(study.seed, own, f"own {number}", 0)
    order = np.random.default_rng(_number(study.seed, f"order of {name}")).permutation(len(chosen))
    return [chosen[place] for place in order]


def _shared(study: Study, items: Sequence[Item], number: int) -> tuple[list[Item], list[Item]]:
    """Items of rows that all see, and of those that this rater sees alone."""
    if not study.raters:
        return list(items), []
    rows = list(dict.fromkeys(item.row for item in items))
    place = {row: where for where, row in enumerate(rows)}
    many, cut = len(study.raters), round(study.overlap * len(rows))
    common = [item for item in items if place[item.row] < cut]
    return common, [item for item in items if place[item.row] >= cut and place[item.row] % many == number]


def _sided(seed: int, items: Sequence[Item], part: str, parity: int) -> list[Shown]:
    """Sides that are balanced for each two runs, all turned round for every second rater."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        groups[f"{item.kind} {item.runs}" if item.kind == PAIRS else ""].append(item)
    turned: dict[str, bool] = {}
    for name, members in groups.items():
        if not name:
            turned |= {item.key: False for item in members}
            continue
        sides = np.arange(len(members)) % 2
        np.random.default_rng(_number(seed, f"{part} {name}")).shuffle(sides)
        turned |= {item.key: bool(side ^ parity) for item, side in zip(members, sides, strict=True)}
    return [Shown(item, turned[item.key]) for item in items]


def _number(seed: int, name: str) -> int:
    """A number that a seed and a name give, the same on every machine."""
    return int(content_id([seed, name], 15), 16)


__all__ = ["Shown", "assigned", "check_name", "check_rater"]
