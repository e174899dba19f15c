"""Rows to label next: of classes, pairs, several labels and tags; what is left out, and what is refused."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import small
from tests.books import QUICK, Trained
from tunebook.core.errors import DataError, PlanError, RunError
from tunebook.data.load import load
from tunebook.tables.make import child
from tunebook.verbs import read_rows as reading
from tunebook.verbs.init import init
from tunebook.verbs.label_next import NextOptions, fresh, label_next
from tunebook.verbs.read_rows import read_rows, sort_of
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

TAGS = "\n\n".join(
    "\n".join(f"{word}\t{tag}" for word, tag in zip(words.split(), tags.split(), strict=True))
    for number in range(24)
    for words, tags in [
        (f"Anna met Ben in Oslo on day {number}", "B-PER O B-PER O B-LOC O O O"),
        (f"the room in Oslo was plain and number {number}", "O O O B-LOC O O O O O"),
    ]
)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def unlabelled(made: Trained, path: Path, count: int = 30) -> Path:
    """New rows, one of them twice, one empty, and one of each split of the book."""
    new = [{name: text for name, text in row.items() if name != "label"} for row in small.records(made.kind, count, 7)]
    new = [{**row, "text": f"{row['text']} {number}"} for number, row in enumerate(new)]
    for split in ("train", "validation", "test"):
        rows = load(made.book.data, split)  # type: ignore[arg-type]
        new.append({"text": rows.texts[0].upper(), **({"other": rows.pairs[0].upper()} if rows.pairs else {})})
    new = [{**row, "from": "web"} for row in [*new, new[3], {**new[4], "text": " "}]]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(new[0]))
        writer.writeheader()
        writer.writerows(new)
    return path


@pytest.mark.parametrize("by", ["uncertainty", "diversity", "badge", "random"])
@pytest.mark.parametrize("kind", ["classes", "pairs", "several"])
def test_rows_are_chosen(kind: str, by: str, trained: Callable[[str], Trained], tmp_path: Path) -> None:
    made = trained(kind)
    file, into = unlabelled(made, tmp_path / "new.csv"), tmp_path / "next.csv"
    found = label_next(made.book, file, into, NextOptions(made.run, 8, by, 3))
    assert (found.rows, found.left, found.given) == (8, 30, 35)
    assert (found.empty, found.repeated, found.labelled, found.held_out) == (1, 1, 1, 2)
    lines, source = rows_of(into), rows_of(file)
    assert [int(line["row"]) for line in lines] == found.numbers and len(set(found.numbers)) == 8
    for line in lines:
        given = source[int(line["row"]) - 2]  # as a person counts, the heading is row 1
        assert line["text"] == given["text"] and line["label"] == "" and line["reason"]
        assert kind != "pairs" or line["other"] == given["other"]
    scores = [float(line["score"]) for line in lines]
    assert by == "random" or scores[0] >= max(scores) - 1e-9 or by == "badge"
    again = label_next(made.book, file, tmp_path / "again.csv", NextOptions(made.run, 8, by, 3))
    assert again.numbers == found.numbers and found.by == by


def test_the_least_sure_come_first(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    made = trained("classes")
    file = unlabelled(made, tmp_path / "new.csv")
    label_next(made.book, file, tmp_path / "next.csv", NextOptions(made.run, 100, "uncertainty"))
    lines = rows_of(tmp_path / "next.csv")
    assert len(lines) == 30  # no more than there are
    scores = [float(line["score"]) for line in lines]
    assert scores == sorted(scores, reverse=True) and {line["suggestion"] for line in lines} <= set(
        made.book.data.labels.names
    )


def test_what_is_read_is_what_the_head_reads(trained: Callable[[str], Trained]) -> None:
    from tunebook.engine.load import load_model
    from tunebook.nets.heads import named_head

    made = trained("classes")
    rows = load(made.book.data, "validation")
    read = read_rows(made.run, rows)
    loaded = load_model(made.run.model, made.run.plan)
    logits = loaded.logits(rows)
    assert read.chances is not None and read.vectors is not None
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(read.chances, expected, atol=1e-5)
    head = named_head(loaded.model, 3)[1]
    assert head is not None
    again = read.vectors @ head.weight.detach().numpy().T + head.bias.detach().numpy()
    np.testing.assert_allclose(again, logits, atol=1e-4)


def test_tags(tmp_path: Path) -> None:
    (tmp_path / "rows.conll").write_text(TAGS + "\n", encoding="utf-8")
    words = sorted({line.split("\t")[0].lower() for line in TAGS.splitlines() if line})
    base = small.base_model(tmp_path / "base", vocabulary=words)
    book = init(tmp_path / "book", tmp_path / "rows.conll", model=str(base), owner="Ada")
    table = child(book.champion, {**QUICK, "max_epochs": 1, "max_length": 16})
    run = train(plan(table, book.data), book.path / "runs", track=())
    long = "and then Anna went on to Oslo " * 6
    file = tmp_path / "new.csv"
    file.write_text(f"text\nBen was in Oslo\nwe found nothing\n{long}\nAnna and Ben met\n", encoding="utf-8")
    for by in ("uncertainty", "diversity", "random"):
        found = label_next(book, file, tmp_path / f"{by}.csv", NextOptions(run, 3, by))
        lines = rows_of(tmp_path / f"{by}.csv")
        assert found.rows == 3 and all(line["reason"] for line in lines)
    read = read_rows(run, load(book.data, "validation"))
    assert read.chances is None and ((read.sure > 0) & (read.sure <= 1)).all() and read.vectors is not None
    with pytest.raises(PlanError) as raised:
        label_next(book, file, tmp_path / "no.csv", NextOptions(run, 3, "badge"))
    assert raised.value.code == "label_next.badge"


def test_a_model_whose_last_layer_is_not_known(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.nets import heads

    made = trained("binary")
    monkeypatch.setattr(heads, "named_head", lambda model, outputs: ("", None))
    file = unlabelled(made, tmp_path / "new.csv")
    assert label_next(made.book, file, tmp_path / "a.csv", NextOptions(made.run, 3, "uncertainty")).rows == 3
    for by in ("badge", "diversity"):
        with pytest.raises(PlanError) as raised:
            label_next(made.book, file, tmp_path / "b.csv", NextOptions(made.run, 3, by))
        assert raised.value.code == "label_next.head"


def test_what_is_refused(trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = trained("binary")
    file = unlabelled(made, tmp_path / "new.csv")
    for code, into, more in (
        ("label_next.option", "a.csv", {"by": "luck"}),
        ("label_next.option", "a.csv", {"rows": 0}),
        ("label_next.option", "a.csv", {"seed": -1}),
        ("label_next.option", "a.xlsx", {}),
        ("label_next.exists", "new.csv", {}),
    ):
        with pytest.raises((PlanError, DataError)) as raised:
            label_next(made.book, file, tmp_path / into, NextOptions(made.run, **more))
        assert raised.value.code == code
    known = tmp_path / "known.csv"
    known.write_text("text\n" + "\n".join(load(made.book.data, "train").texts[:3]) + "\n", encoding="utf-8")
    with pytest.raises(DataError) as nothing:
        label_next(made.book, known, tmp_path / "a.csv", NextOptions(made.run))
    assert nothing.value.code == "label_next.nothing"
    number = trained("number")
    with pytest.raises(PlanError) as task:
        label_next(number.book, file, tmp_path / "a.csv", NextOptions(number.run))
    assert task.value.code == "label_next.task"
    unfinished = tmp_path / "run"
    unfinished.mkdir()
    (unfinished / "plan.json").write_text((made.run.path / "plan.json").read_text("utf-8"), encoding="utf-8")
    with pytest.raises(RunError):
        label_next(made.book, file, tmp_path / "a.csv", NextOptions(Run(unfinished)))

    def raced(path: Path, data: bytes) -> Any:
        raise FileExistsError(path)

    monkeypatch.setattr("tunebook.verbs.label_next.publish", raced)
    with pytest.raises(DataError) as exists:
        label_next(made.book, file, tmp_path / "a.csv", NextOptions(made.run, by="random"))
    assert exists.value.code == "label_next.exists"


def test_of_many_labelled_rows_some_are_looked_at(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = trained("binary")
    monkeypatch.setattr("tunebook.verbs.label_next._KNOWN", 5)
    file = unlabelled(made, tmp_path / "new.csv")
    assert label_next(made.book, file, tmp_path / "a.csv", NextOptions(made.run, 3, "diversity")).rows == 3


def test_columns_that_are_called_like_ours() -> None:
    from tunebook.verbs.label_next import _free

    assert _free("suggestion", {"suggestion": 1}) == "predicted_suggestion" and _free("x", {}) == "x"
    assert fresh is not None and sort_of is not None and reading.HowNext
