"""What causes advise can be typed: every command of every cause is followed on a book."""

from __future__ import annotations

import csv
import shlex
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from tests import small
from tests.diagnosis.worlds import FAULTS, healthy

from tunebook.diagnosis.cause import Try
from tunebook.diagnosis.causes import finders
from tunebook.diagnosis.other_bases import Base
from tunebook.models import source
from tunebook.verbs.errors import COLUMNS, places_of
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.plan import plan

from .conftest import Call

DRY = {"retrain": ("--help",), "find": ("--help",)}  # these train, which their own tests wait for


@cache
def advised() -> dict[str, Try]:
    """Command -> step, of all faults, a base model that is better than the run among them."""
    known, found = {one.key: one for one in finders()}, {}
    for fault, plant in FAULTS.items():
        seen = plant(healthy()).seen()
        vars(seen)["base"] = Base("MODEL", np.zeros(len(seen.mass)))
        cause = known[fault].find(seen)
        assert cause is not None
        found |= {step.command: step for step in cause.next}
    return found


@pytest.mark.parametrize("line", sorted(advised()))
def test_a_step_can_be_taken(
    line: str, tunebook: Call, lent: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book, rows, other = tmp_path / "book", tmp_path / "more.csv", tmp_path / "other"
    shutil.copytree(lent, book)
    shutil.copytree(model, other)
    head, *lines = small.write_csv(rows, 60).read_text("utf-8").splitlines()
    whose = [f"{line},{place // 3}" for place, line in enumerate(lines)]
    rows.write_text("\n".join([f"{head},whose", *whose]) + "\n", "utf-8")
    run = open_book(book).runs[-1]
    places = places_of(run, "validation", book)
    there = {**places, "FILE": rows, "COLUMN": "whose", "SUSPECTS": _suspects(book, tmp_path)}
    words = [
        str(there.get(word, word)).replace("=MODEL", f"={other}").replace("max_length=48", "max_length=40")
        for word in shlex.split(line)[1:]
    ]
    if words[0] == "bases":
        monkeypatch.setattr(source, "BUILTIN", {})  # so that the book's own model is looked at alone
    own = ("--model", model) if words[0] == "init" else DRY.get(words[0], ())
    found = tunebook(*words, *own)
    assert found.code == 0, found.err
    step = advised()[line]
    if step.kind == "table":
        again = open_book(book)
        table = again.tables.get("latest")
        plan(table, again.data)  # refuses what does not go together
        assert table.rows != again.champion.rows


def _suspects(book: Path, folder: Path) -> Path:
    """A file of suspected labels with one that was put right."""
    from tunebook.data.load import load

    data = open_book(book).data
    rows = load(data, "train")
    names = data.labels.names
    file = folder / "suspects.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        own = names[int(rows.targets[0])]  # type: ignore[index]
        other = next(name for name in names if name != own)
        writer.writerows([COLUMNS, (rows.ids[0], other, own, "0.9", "train", rows.texts[0], "")])
    return file
