"""Some of many cases that are alike: `make check` tries a sample, `make check-all` every one."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

ALL = os.environ.get("TUNEBOOK_CHECK") == "all"
T = TypeVar("T")


def drawn(cases: Sequence[T], count: int) -> list[T]:
    """So many of the cases in their order, drawn with a fixed seed; all of them for `make check-all`."""
    chosen = random.Random(0).sample(range(len(cases)), min(count, len(cases)))
    return list(cases) if ALL else [cases[place] for place in sorted(chosen)]


__all__ = ["ALL", "drawn"]
