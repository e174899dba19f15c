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
    book, rows = tmp_path / "book", small.write_csv(tmp_path / "more.csv", 60)
    shutil.copytree(lent, book)
    run = open_book(book).runs[-1]
    places = places_of(run, "validation", book)
    corrected = {**places, "FILE": rows, "COLUMN": "text", "MODEL": model, "SUSPECTS": _suspects(book, tmp_path)}
    words = [
        str(corrected.get(word, word)).replace("=MODEL", f"={model}").replace("max_length=48", "max_length=40")
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
        assert {name for name in step.rows if table.rows[name].value != again.champion.rows[name].value}


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
