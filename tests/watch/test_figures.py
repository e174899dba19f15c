"""Figures of requests by hand."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.requests.rows import row

from tunebook.requests.log import open_log
from tunebook.watch.figures import COLUMNS, Figures, figures


def of(tmp_path: Path, *rows: object) -> list[Figures]:
    log = open_log(tmp_path / "log.sqlite")
    log.append(list(rows))  # type: ignore[arg-type]
    found = figures(log.answered(columns=COLUMNS))
    log.close()
    return found


def test_each_version_and_role_has_its_own(tmp_path: Path) -> None:
    known = [row(place * 30, seconds=0.01 * (place + 1), unknown=place == 0, cut=place < 2) for place in range(4)]
    first, shadow = of(tmp_path, *known, row(7, role="shadow", version="v2"))
    assert (first.version, first.role, first.texts, first.a_minute) == ("v1", "champion", 4, 2.0)
    assert first.latency == pytest.approx([25.0, 38.5, 39.7])
    assert first.unknown == pytest.approx(1 / 20)
    assert first.cut == 0.5
    assert first.answers == {"good": 1.0}
    assert first.languages == {"en": 1.0}
    assert first.score == pytest.approx([0.9, 0.9, 0.9])
    assert (shadow.role, shadow.texts) == ("shadow", 1)
    assert math.isnan(shadow.a_minute)  # of a moment


def test_errors_alone_have_no_latency(tmp_path: Path) -> None:
    [only] = of(
        tmp_path, row(0, error="serve.full", tokens=0, score=float("nan"), label=""), row(1, error="x", tokens=0)
    )
    assert (only.errors, only.codes, only.latency, only.answers, only.score) == (
        1.0,
        {"serve.full": 1, "x": 1},
        [],
        {},
        [],
    )
    assert math.isnan(only.unknown)
    assert math.isnan(only.cut)
