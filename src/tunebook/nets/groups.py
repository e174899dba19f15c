"""Groups of an optimiser, cut by the names of their parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tunebook.core.technique import ParamGroups


def split(groups: ParamGroups, kind: Callable[[str], Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The parts of each group in turn, with their kind, in the order of the kinds; every parameter is in one of them.

    Args:
        kind: of a parameter, by its name; whatever can be sorted.
    """
    for group in groups:
        kinds = [kind(name) for name in group["names"]]
        for one in sorted(set(kinds)):
            chosen = [at for at, found in enumerate(kinds) if found == one]
            yield one, {**group, **{part: [group[part][at] for at in chosen] for part in ("params", "names")}}


__all__ = ["split"]
