"""Days of the log as Parquet, and the labelled texts in it."""

from __future__ import annotations

import stat

import pytest
from pyarrow import parquet
from tests.requests.rows import row

from tunebook.requests.export import PREFIX, export_days, labelled
from tunebook.requests.log import open_log
from tunebook.requests.record import Feedback

DAY = 86_400.0


@pytest.fixture
def log(place):
    made = open_log(place)
    yield made
    made.close()


def test_a_file_a_day_with_what_came_back(log, tmp_path):
    ats = [DAY - 1, DAY, DAY + 3_600, DAY + 7_300, 3 * DAY + 5]
    log.append([row(n, at=at, text=f"t{n}") for n, at in enumerate(ats)])
    log.tell([Feedback("r1", 0, 9.0, "label", "bad"), Feedback("r1", 0, 9.0, "bought", 2.0)])
    counted: list[int] = []
    found = export_days(log, tmp_path / "out", DAY, 4 * DAY, counted.append)
    assert [(item["day"], item["rows"]) for item in found] == [("1970-01-02", 3), ("1970-01-04", 1)]
    assert sum(counted) == 4
    first = parquet.read_table(found[0]["path"])
    assert first["request"].to_pylist() == ["r1", "r2", "r3"]
    assert first[f"{PREFIX}label"].to_pylist() == ["bad", None, None]
    assert first[f"{PREFIX}bought"].to_pylist() == [2.0, None, None]
    assert stat.S_IMODE((tmp_path / "out" / "requests-1970-01-02.parquet").stat().st_mode) == 0o600
    assert export_days(log, tmp_path / "none", 9 * DAY, 10 * DAY) == [] and not (tmp_path / "none").exists()


def test_texts_with_their_true_answer(log):
    log.append([row(1, text="one"), row(1, text="one", role="shadow", version="v2"), row(2), row(3, text="three")])
    log.append([row(4, text="four", pair="p", label="good")])
    told = [("r1", "bad"), ("r2", "no text"), ("r4", "good"), ("r9", "unknown")]
    log.tell([Feedback(name, 0, 5.0, "label", value) for name, value in told])
    found = labelled(log).to_pylist()
    assert [(one["request"], one["text"], one["label"], one["said"]) for one in found] == [
        ("r1", "one", "bad", "good"), ("r4", "four", "good", "good"),
    ]  # fmt: skip
    assert labelled(log, 2.0)["pair"].to_pylist() == ["p"] and labelled(log, 50.0).num_rows == 0
