"""Answers for new texts are those of the evaluation, whatever way they come in."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests import small
from tests.books import Trained
from tests.verbs.test_evaluate import KINDS, predictions
from tunebook.core.errors import DataError, RunError, TunebookError
from tunebook.core.task import Rows
from tunebook.data.prepare import prepare
from tunebook.engine.load import LoadedModel
from tunebook.verbs.asked import given_rows
from tunebook.verbs.asking import NO_TEXT
from tunebook.verbs.predict import predict, predict_file
from tunebook.verbs.steps.runs import Run


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def same(answer: dict[str, Any], record: dict[str, Any]) -> None:
    if isinstance(record["label"], float):
        assert answer["label"] == pytest.approx(record["label"], abs=1e-5)
    else:
        assert answer["label"] == record["label"]
    assert answer["score"] == pytest.approx(record["score"], abs=1e-5)
    assert answer["scores"] == pytest.approx(record["scores"], abs=1e-5)


@KINDS
def test_the_answers_are_those_of_the_evaluation(kind: str, trained: Callable[[str], Trained]) -> None:
    found = trained(kind)
    records = predictions(found.run)
    pairs = [record["pair"] for record in records] if kind == "pairs" else None
    answers = predict(found.run, [record["text"] for record in records], pairs)
    assert len(answers) == len(records)
    for answer, record in zip(answers, records, strict=True):
        same(answer, record)


@KINDS
def test_a_file_keeps_its_rows_and_columns(kind: str, trained: Callable[[str], Trained], tmp_path: Path) -> None:
    found = trained(kind)
    records = predictions(found.run)
    rows = [{"id": r["id"], "text": r["text"], "note": f"n{r['id']}"} for r in records]
    if kind == "pairs":
        rows = [{**row, "other": record["pair"]} for row, record in zip(rows, records, strict=True)]
    answers = predict_file(found.run, write(tmp_path / "new.csv", rows))
    assert [{name: row[name] for name in rows[0]} for row in answers] == rows
    for answer, record in zip(answers, records, strict=True):
        same(answer, record)


def test_columns_that_are_there_keep_their_names(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    found = trained("classes")
    rows = [{"text": "a lovely stay", "label": "mine", "predicted_label": "of last time", "score": "3"}] * 2
    (answer, _) = predict_file(found.run, write(tmp_path / "new.csv", rows))
    assert answer["label"] == "mine"
    assert answer["predicted_label"] == "of last time"
    assert answer["predicted_predicted_label"] in small.LEVELS
    assert answer["score"] == "3"
    assert 0 < answer["predicted_score"] <= 1
    assert set(answer["scores"]) == set(small.LEVELS)


def test_rows_that_cannot_be_read_are_told(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    """An answer for fewer rows than the file has would be laid beside the wrong ones."""
    lines = ["text,note", *["the room was fine,x"] * 30, "one cell too many,x,y", *["very lovely stay,x"] * 5]
    (tmp_path / "new.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="32") as caught:
        predict_file(trained("classes").run, tmp_path / "new.csv")
    assert caught.value.code == "predict.rows"


def test_other_columns_can_be_named(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    from tunebook.data.options import DataOptions

    rows = [{"left": "a lovely stay", "right": "awful service"}, {"left": "", "right": "x"}]
    file = write(tmp_path / "new.csv", rows)
    run = trained("pairs").run
    answers = predict_file(run, file, DataOptions(text="left", text_pair="right"))
    assert [answer["left"] for answer in answers] == ["a lovely stay", ""]
    with pytest.raises(DataError, match=r"left \| right") as caught:
        predict_file(run, file)
    assert caught.value.code == "predict.column"
    with pytest.raises(DataError) as caught:
        predict_file(run, file, DataOptions(text="left"))
    assert caught.value.value == "other"


def test_a_list_of_texts_needs_no_heading(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    file = tmp_path / "new.jsonl"
    texts = ["a lovely stay", None, "awful"]
    file.write_text("".join(json.dumps({"sentence": text}) + "\n" for text in texts), encoding="utf-8")
    answers = predict_file(trained("classes").run, file)
    assert [answer["sentence"] for answer in answers] == texts


def test_a_column_alone_has_the_heading_that_was_told_and_all_its_rows(
    trained: Callable[[str], Trained], tmp_path: Path
) -> None:
    from tunebook.data.options import DataOptions

    run, file = trained("classes").run, tmp_path / "new.csv"
    file.write_text('remark\na lovely stay\n""\nawful service\n', encoding="utf-8")
    answers = predict_file(run, file, DataOptions(text="remark"))
    assert [row["remark"] for row in answers] == ["a lovely stay", "", "awful service"]
    assert [row["notes"] for row in answers] == [[], [NO_TEXT], []]
    assert predict_file(run, file)[0]["c1"] == "remark", "nobody said that it is a heading"
    with pytest.raises(DataError) as caught:
        predict_file(run, file, DataOptions(text="other"))
    assert (caught.value.code, caught.value.value) == ("predict.column", "other")


def test_words_that_a_file_knows_reach_the_model(
    trained: Callable[[str], Trained], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Rows] = []
    answers = LoadedModel.answers
    monkeypatch.setattr(LoadedModel, "answers", lambda self, rows, *how: seen.append(rows) or answers(self, rows, *how))
    file = tmp_path / "new.conll"
    file.write_text("a\tO\n<b>very\tO\nlovely</b>\tO\nstay\tB-X\n\nＳo\tO\nso\tO\n", encoding="utf-8")
    found = predict_file(trained("classes").run, file)
    assert [row["text"] for row in found] == ["a <b>very lovely</b> stay", "Ｓo so"] and "\0words" not in found[0]
    assert list(seen[0].texts) == ["a very lovely stay", "So so"]
    assert [places.tolist() for places in seen[0].words] == [[[0, 1], [2, 6], [7, 13], [14, 18]], [[0, 2], [3, 5]]]


def test_lists_of_words_are_all_lists_of_words(tmp_path: Path) -> None:
    file = tmp_path / "rows.conll"
    file.write_text("".join(f"{number}\tO\nAda\tB-PER\n\n" for number in range(60)), encoding="utf-8")
    ref = prepare([file], tmp_path / "data")
    assert list(given_rows([["Ada", "ran"], None], None, ref).texts) == ["Ada ran", ""]
    for texts, number in (([["Ada"], "Ben ran"], 2), ([["Ada", None], ["a"]], 1), ([["a"], ["b", 1]], 2)):
        with pytest.raises(DataError) as caught:
            given_rows(texts, None, ref)
        assert (caught.value.code, caught.value.value) == ("predict.words", number)


def test_texts_are_cleaned_as_in_training(trained: Callable[[str], Trained]) -> None:
    run = trained("classes").run
    clean, dirty = predict(run, ["a lovely stay", "\ufeffa  lovely\u00a0stay \u200b"])
    assert dirty == clean


def test_nothing_in_nothing_out(trained: Callable[[str], Trained]) -> None:
    assert predict(trained("classes").run, []) == []
    assert predict(trained("pairs").run, [], []) == []


def test_pairs_for_a_model_of_pairs_alone(trained: Callable[[str], Trained]) -> None:
    with pytest.raises(DataError) as caught:
        predict(trained("pairs").run, ["one"])
    assert caught.value.code == "predict.pair_missing"
    with pytest.raises(DataError) as caught:
        predict(trained("classes").run, ["one"], ["two"])
    assert caught.value.code == "predict.pair_unwanted"
    with pytest.raises(DataError, match="2 second texts for 1") as caught:
        predict(trained("pairs").run, ["one"], ["two", "three"])
    assert caught.value.code == "predict.pair_count"


def test_progress_counts_the_rows(trained: Callable[[str], Trained]) -> None:
    class Watch:
        seen: list[Any] = []  # noqa: RUF012

        def start(self, what: str, total: int, done: int = 0) -> None:
            self.seen.append((what, total))

        def advance(self, amount: int = 1, **figures: float) -> None:
            self.seen.append(amount)

        def finish(self) -> None:
            self.seen.append("end")

    texts = list(dict.fromkeys(text for text, _ in small.texts(400)))[:70]
    predict(trained("classes").run, texts, progress=Watch())
    assert Watch.seen == [("tokenise", 70), 70, "end", ("infer", 70), 64, 6, "end"]


def test_a_run_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        predict(Run(tmp_path), ["x"])
    assert caught.value.code == "run.unfinished"


def test_answers_are_those_of_transformers_to_the_last_bit_and_import_none_of_it(
    trained: Callable[[str], Trained],
) -> None:
    from tunebook.engine.load import load_model

    run = trained(small.KINDS[0]).run
    texts = [text for text, _ in small.texts(12, seed=7)]
    rows = Rows(texts, None, None, [str(i) for i in range(len(texts))])
    expected = [
        {**answer, "notes": ["cut"] if cut else []}
        for answer, cut in zip(*load_model(run.model, run.plan).answers(rows), strict=True)
    ]
    code = (
        "import sys, json; from pathlib import Path; from tunebook.verbs.predict import predict;"
        "from tunebook.verbs.steps.runs import Run;"
        f"found = predict(Run(Path({str(run.path)!r})), {texts!r});"
        "assert 'transformers' not in sys.modules; print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == expected


def test_texts_that_are_none(trained: Callable[[str], Trained]) -> None:
    """Nothing to read gets no label; of a pair both texts must be there."""
    blank = {"label": None, "score": None, "scores": {}, "notes": ["no_text"]}
    found = predict(trained("classes").run, ["a lovely stay", None, float("nan"), " \u200b", "", "awful"])
    assert found[1:5] == [blank] * 4
    assert all(answer["label"] in small.LEVELS and not answer["notes"] for answer in (found[0], found[5]))
    assert predict(trained("classes").run, [""]) == [blank]
    pairs = predict(trained("pairs").run, ["one", "", "one"], ["two", "two", None])
    assert [answer["notes"] for answer in pairs] == [[], ["no_text"], ["no_text"]]


def test_texts_that_are_no_strings_are_read_as_in_a_file(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    run, cells = trained("classes").run, [["great", "room"], 3.0, True, {"b": "awful"}]
    file = tmp_path / "new.jsonl"
    file.write_text("".join(json.dumps({"text": cell, "n": 1}) + "\n" for cell in cells), encoding="utf-8")
    for one, other in zip(predict(run, cells), predict_file(run, file), strict=True):
        same(other, one)


def test_what_is_cut(trained: Callable[[str], Trained]) -> None:
    run = trained("classes").run
    room = run.plan.params.max_length - 2  # the two special tokens
    texts = ["great " * room, "great " * (room + 1), "great"]
    assert [answer["notes"] for answer in predict(run, texts)] == [[], ["cut"], []]
    pairs = predict(trained("pairs").run, ["great"] * 2, ["great " * 60, "great"])
    assert [answer["notes"] for answer in pairs] == [["cut"], []]


def test_the_best_classes_alone(trained: Callable[[str], Trained]) -> None:
    run = trained("classes").run
    (whole,), (best,) = predict(run, ["a lovely stay"]), predict(run, ["a lovely stay"], top_k=2)
    order = sorted(whole["scores"], key=lambda name: -whole["scores"][name])
    assert list(best["scores"]) == order[:2] and best["label"] == order[0] and best["score"] == whole["score"]


def test_unsure_answers(trained: Callable[[str], Trained]) -> None:
    run = trained("several").run
    (whole,) = predict(run, ["a lovely stay"])
    (kept,), (gone,) = (predict(run, ["a lovely stay"], reject_below=whole["score"] + step) for step in (0, 1e-6))
    assert kept == whole and (gone["label"], gone["notes"]) == (None, ["rejected"])
    assert gone["scores"] == whole["scores"]


@pytest.mark.parametrize(
    ("kind", "how", "code"),
    [
        ("number", {"top_k": 2}, "predict.no_scores"),
        ("ordered", {"reject_below": 0.5}, "predict.no_scores"),
        ("classes", {"top_k": 0}, "predict.how"),
        ("classes", {"reject_below": 2}, "predict.how"),
        ("classes", {"batch_size": 0}, "predict.how"),
        ("classes", {"temperature": 1.0}, "predict.not_written"),
        ("number", {"stop": ["x"]}, "predict.not_written"),
        ("classes", {"system": "be kind"}, "predict.not_told"),
    ],
)
def test_what_cannot_be_asked(kind: str, how: dict[str, Any], code: str, trained: Callable[[str], Trained]) -> None:
    with pytest.raises(DataError) as caught:
        predict(trained(kind).run, ["x"], **how)
    assert caught.value.code == code and caught.value.message and caught.value.advice


def test_rows_of_any_kind(trained: Callable[[str], Trained]) -> None:
    """Frames, tables and lists of objects, by the columns of the book; the answers are those of the texts."""
    run, texts = trained("classes").run, ["a lovely stay", "", "awful"]
    expected = predict(run, texts)
    rows = [{"id": n, "text": text} for n, text in enumerate(texts)]
    for given in (
        rows,
        pd.DataFrame(rows),
        pa.Table.from_pylist(rows),
        iter(rows),
        pd.Series(texts),
        (t for t in texts),
    ):
        assert predict(run, given) == expected
    pairs, seconds = trained("pairs").run, ["so", "x", "y"]
    expected = predict(pairs, texts, seconds)
    rows = [{"text": text, "other": other} for text, other in zip(texts, seconds, strict=True)]
    assert predict(pairs, pd.DataFrame(rows)) == expected == predict(pairs, pd.DataFrame(rows)[["text"]], seconds)
    with pytest.raises(DataError, match=r"id \| sentence") as caught:
        predict(run, [{"id": 1, "sentence": "x"}])
    assert caught.value.code == "predict.column"


@pytest.mark.parametrize("given", ["one text", None, 5, b"x"])
def test_a_single_text_is_no_list_of_letters(given: Any, trained: Callable[[str], Trained]) -> None:
    with pytest.raises(TunebookError, match="predict: texts") as caught:
        predict(trained("classes").run, given)
    assert caught.value.code == "call.type"


def test_one_column_is_no_pair(trained: Callable[[str], Trained], tmp_path: Path) -> None:
    """It would be read twice."""
    file = write(tmp_path / "new.csv", [{"text": "a lovely stay"}] * 2)
    with pytest.raises(DataError) as caught:
        predict_file(trained("pairs").run, file)
    assert (caught.value.code, caught.value.value) == ("predict.column", "other")
