"""Figures of what a server does: how much it is asked, how quickly and how it answers. Nothing is tested here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tunebook.core.nouns import Record

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "at", "version", "role", "status", "error", "seconds", "waited", "characters", "tokens", "unknown", "cut",
    "language", "label", "score",
)  # fmt: skip
_MOST = 12  # classes that are named


class Figures(Record):
    """Of one version, over a span of time; NaN where nothing is known.

    Attributes:
        version: id of the run; role: `champion`, `challenger` or `shadow`.
        texts: that were asked, mistakes of the server among them; since, until: of the first and the last.
        a_minute: texts a minute between these two.
        errors: share that got no answer; codes: of these, how often each.
        latency, waited: P50, P95 and P99 in milliseconds, of answered texts.
        answers: shares of the most frequent answers; score: mean, fifth and fiftieth percentile.
        characters, tokens: median and P95; unknown: share of all tokens that cannot be read; cut: share of texts that
            lost their end; languages: shares.
    """

    version: str
    role: str
    texts: int
    since: float
    until: float
    a_minute: float
    errors: float
    codes: dict[str, int] = Field(default_factory=dict)
    latency: list[float] = Field(default_factory=list)
    waited: list[float] = Field(default_factory=list)
    answers: dict[str, float] = Field(default_factory=dict)
    score: list[float] = Field(default_factory=list)
    characters: list[float] = Field(default_factory=list)
    tokens: list[float] = Field(default_factory=list)
    unknown: float = float("nan")
    cut: float = float("nan")
    languages: dict[str, float] = Field(default_factory=dict)


def figures(table: pa.Table) -> list[Figures]:
    """One record a version and role, the one with most texts first.

    Args:
        table: of the request log, at least `COLUMNS`.
    """
    import pyarrow.compute as pc

    found = []
    names = set(zip(table["version"].to_pylist(), table["role"].to_pylist(), strict=True))
    for version, role in sorted(names):
        mask = pc.and_(pc.equal(table["version"], version), pc.equal(table["role"], role))
        found.append(_of_version(table.filter(mask), version, role))
    return sorted(found, key=lambda item: -item.texts)


def _of_version(table: pa.Table, version: str, role: str) -> Figures:
    import pyarrow.compute as pc

    at = _numbers(table, "at")
    answered = table.filter(pc.equal(table["error"], ""))
    span = float(at.max() - at.min())
    codes = _counts(table["error"].to_pylist())
    tokens, score = _numbers(answered, "tokens"), _numbers(answered, "score")
    read = tokens > 0
    total = float(tokens.sum())
    return Figures(
        version=version,
        role=role,
        texts=table.num_rows,
        since=float(at.min()),
        until=float(at.max()),
        a_minute=(table.num_rows - 1) / span * 60 if span > 0 else float("nan"),
        errors=1 - answered.num_rows / table.num_rows,
        codes={code: count for code, count in codes.items() if code},
        latency=_quantiles(_numbers(answered, "seconds") * 1000, (0.5, 0.95, 0.99)),
        waited=_quantiles(_numbers(answered, "waited") * 1000, (0.5, 0.95, 0.99)),
        answers=_shares(answered["label"].to_pylist()),
        score=[float(score[np.isfinite(score)].mean()), *_quantiles(score, (0.05, 0.5))]
        if np.isfinite(score).any()
        else [],
        characters=_quantiles(_numbers(answered, "characters"), (0.5, 0.95)),
        tokens=_quantiles(tokens[read], (0.5, 0.95)),
        unknown=float(_numbers(answered, "unknown").sum() / total) if total else float("nan"),
        cut=float(_numbers(answered, "cut")[read].mean()) if read.any() else float("nan"),
        languages=_shares(answered["language"].to_pylist()),
    )


def _numbers(table: pa.Table, name: str) -> NDArray[np.float64]:
    import pyarrow as pa

    column = table[name]
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _quantiles(values: NDArray[Any], places: tuple[float, ...]) -> list[float]:
    known = values[np.isfinite(values)]
    return [float(value) for value in np.quantile(known, places)] if len(known) else []


def _counts(names: list[str]) -> dict[str, int]:
    from collections import Counter

    return dict(Counter(names).most_common())


def _shares(names: list[str]) -> dict[str, float]:
    known = [name for name in names if name]
    return {name: count / len(known) for name, count in list(_counts(known).items())[:_MOST]}


__all__ = ["COLUMNS", "Figures", "figures"]
