"""What is asked of a learning curve as people type it, on a command line or a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tunebook.core.call_check import Allow
from tunebook.core.changes import listed
from tunebook.core.errors import TunebookError
from tunebook.tables.values import number
from tunebook.verbs.curve import CurveOptions

_TAKES = {
    "sizes": "500,1000,2000 | 0.1,0.5,1",
    "seeds": "3",
    "target": "90% | 0.9",
    "budget": "30",
}


def typed_curve(typed: Mapping[str, Any], allow: Allow = frozenset()) -> CurveOptions:
    """The options of `tunebook curve` by the names that they have there; what is None or left out is as usual.

    Raises:
        TunebookError: `cli.option`, a value that its option does not take.
    """
    said = {name: value for name, value in typed.items() if value is not None}
    found: dict[str, Any] = {"frozen": bool(said.get("frozen")), "metric": said.get("metric"), "allow": allow}
    if "sizes" in said:
        found["sizes"] = [_number("sizes", item) for item in listed(said["sizes"])]
        if said["sizes"].strip() and not found["sizes"]:
            raise _wrong("sizes", said["sizes"])
    if "seeds" in said:
        seeds = _number("seeds", said["seeds"])
        if seeds != int(seeds):
            raise _wrong("seeds", said["seeds"])
        found["seeds"] = int(seeds)
    for name, field in (("target", "target"), ("budget", "minutes")):
        if name in said:
            found[field] = _number(name, said[name])
    return CurveOptions(**found)


def _number(name: str, text: Any) -> float:
    found = number(text)
    if found is None:
        raise _wrong(name, text)
    return found


def _wrong(name: str, text: Any) -> TunebookError:
    return TunebookError("cli.option", key=f"--{name}", value=text, allowed=_TAKES[name])


__all__ = ["typed_curve"]
