"""Answers in a context: from what files state to places that fit, targets, figures and splits."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tunebook.core.errors import DataError
from tunebook.core.extracts import Extract, packed
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.answer_places import ANSWERS, STATED, Stated, fitted, stated
from tunebook.data.answer_table import CONTEXT, stated_table
from tunebook.data.external import external_rows
from tunebook.data.kinds.answers import Answers
from tunebook.data.load import group_codes, load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

Made = Callable[..., DataRef]
QA = {"task": "question_answering"}


@pytest.fixture
def made(write: Callable[..., Path], tmp_path: Path) -> Made:
    def put(rows: Sequence[Any], **options: Any) -> DataRef:
        path = write("x.jsonl", "\n".join(map(json.dumps, rows)))
        return prepare([path], tmp_path / "made", DataOptions(**{**QA, **options}))

    return put


def row(number: int, **more: Any) -> dict[str, Any]:
    """A question on one of many contexts, four on each, of which the last has no answer."""
    context = f"In room {number // 4} lives Ada {number // 4} with Bob."
    text = [f"Ada {number // 4}", "Bob", f"room {number // 4}", ""][number % 4]
    answers = {"text": [text], "answer_start": [context.index(text)]} if text else {"text": [], "answer_start": []}
    return {"id": number, "context": context, "question": f"What {number % 4}?", "answers": answers, **more}


ROWS = [row(number) for number in range(80)]
A, B = Stated("a"), Stated("b", 2)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ({"text": ["a", "b"], "answer_start": [None, 2]}, [A, B]),
        ({"text": ["a"], "answer_start": [-1]}, [A]),
        ({"text": []}, []),
        ([{"text": "a"}, {"answer": "b", "start": "2"}], [A, B]),
        ({"text": "b", "answer_start": 2.0}, [B]),
        (["a", "b"], [A, Stated("b")]),
        ('["a"]', [A]),
        ('{"text": ["b"], "answer_start": [2]}', [B]),
        ("[a", [Stated("[a")]),
        ("a", [A]),
        ([], []),
        ([None], [Stated("")]),
        (None, None),
        (float("nan"), None),
    ],
)
def test_answers_are_read_however_they_are_written(cell: Any, found: Any) -> None:
    assert stated(cell) == found


def test_what_cannot_be_answered_has_no_answer_whatever_stands_there() -> None:
    assert stated({"text": ["plausible"], "answer_start": [0]}, impossible=True) == []
    assert stated(None, impossible="true") == [] and stated("a", impossible="False") == stated("a", impossible=0) == [A]


def test_something_else_is_no_answer() -> None:
    with pytest.raises(TypeError, match="no answer"):
        stated([["a"]])
    with pytest.raises(ValueError, match=r"longer|shorter"):
        stated({"text": ["a", "b"], "answer_start": [1]})


TEXT = "é 漢 👩 one two, one\tthree"


@pytest.mark.parametrize(
    ("text", "start", "place", "moved"),
    [
        ("one", 6, (6, 9), ""),
        (" one ", 5, (6, 9), ""),
        ("one", len("é 漢 👩 ".encode()), (6, 9), "answer_moved"),  # counted in bytes
        ("two", 11, (10, 13), "answer_moved"),  # in UTF-16
        ("one", 14, (15, 18), "answer_moved"),  # the nearer of two
        ("one three", 3, (15, 24), "answer_moved"),  # blanks of another kind
        ("two", None, (10, 13), ""),
        ("one", None, (6, 9), "answer_first"),
    ],
)
def test_a_place_is_put_right_by_what_stands_there(text: str, start: Any, place: Any, moved: str) -> None:
    found = fitted(TEXT, [Stated(text, start)])
    assert found.places == [place] and found.moved == ({moved} if moved else set())
    assert TEXT[slice(*place)].split() == text.split()


def test_line_ends_of_windows_are_counted_back() -> None:
    text = "one\ntwo\nthree three"
    assert fitted(text, [Stated("three", 10)]).places == [(8, 13)]


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (None, "no_label"),
        ([Stated("")], "answer_empty"),
        ([Stated(" ", 3)], "answer_empty"),
        ([Stated("four", 3)], "answer_missing"),
        ([Stated("four")], "answer_missing"),
    ],
)
def test_what_fits_nowhere_has_a_reason(answers: Any, reason: str) -> None:
    assert fitted(TEXT, answers).places is None and fitted(TEXT, answers).reason == reason


def test_twice_as_near_is_not_known() -> None:
    assert fitted("a x a", [Stated("a", 2)]).reason == "answer_unclear"


def test_of_several_answers_those_that_fit_are_kept_the_commonest_first() -> None:
    found = fitted(TEXT, [Stated("one", 6), Stated("two", 10), Stated("four", 1), Stated("two", 10)])
    assert found.places == [(10, 13), (6, 9)] and found.moved == {"answer_lost"}
    assert fitted(TEXT, []).places == []


def test_targets_hold_places_and_context_and_come_back() -> None:
    rows = [Extract("line\nline", [(0, 4), (5, 9)]), Extract("x", [])]
    targets = packed(rows)
    assert [Extract.of(target) for target in targets] == rows and rows[0].answers == ["line", "line"]
    assert targets.shape == (2,) and targets[:1].tolist() == ["0-4,5-9\nline\nline"]
    said = Answers().said(targets[0], Labels(problem="answers"))
    assert said == [{"start": 0, "end": 4, "text": "line"}, {"start": 5, "end": 9, "text": "line"}]


def test_rows_go_all_the_way_and_no_context_is_on_two_sides(made: Made) -> None:
    ref = made(ROWS)
    assert (ref.task, ref.labels.problem, ref.labels.low, ref.labels.high) == ("question_answering", "answers", 0, 1)
    assert (ref.roles.text, ref.roles.text_pair, ref.roles.group) == ("question", "context", CONTEXT)
    table = load_table(ref)
    sides: dict[str, set[str]] = {}
    for context, side in zip(table["pair"].to_pylist(), table["_split"].to_pylist(), strict=True):
        sides.setdefault(context, set()).add(side)
    assert len(sides) == 20 and {len(side) for side in sides.values()} == {1}
    assert ref.stats["split_by"] == "group" and min(ref.rows.values()) > 0
    found = ref.stats["answered"]
    assert (found["rows"], found["none"], found["contexts"], found["shared"]) == (60, 20, 20, 0)
    rows = load(ref, "train")
    assert rows.targets is not None and rows.pairs is not None
    assert [Extract.of(target).context for target in rows.targets] == list(rows.pairs)
    codes = group_codes(rows, ref.roles)
    assert codes is not None and len(set(codes.tolist())) == len(set(rows.pairs))


def test_a_parquet_file_as_hugging_face_has_them(tmp_path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "x.parquet")
    ref = prepare([tmp_path / "x.parquet"], tmp_path / "made", DataOptions(**QA))
    assert ref.stats["answered"]["rows"] == 60


def test_a_group_of_the_users_own_and_a_split_by_chance(made: Made, tmp_path: Path) -> None:
    ref = made([{**one, "article": f"t{place // 8}"} for place, one in enumerate(ROWS)], group="article")
    assert ref.roles.group == "article"
    other = prepare([tmp_path / "x.jsonl"], tmp_path / "by_chance", DataOptions(**QA, split_by="random"))
    assert other.stats["split_by"] == "random" and other.stats["answered"]["shared"] > 5
    assert any(one["code"] == "answers_shared" for one in other.stats["warnings"])


def test_the_same_question_twice_is_one_with_the_answers_of_both(made: Made) -> None:
    again = {**ROWS[0], "id": "again", "answers": {"text": ["Bob"], "answer_start": [ROWS[0]["context"].index("Bob")]}}
    ref = made([*ROWS, again, {**again, "id": "more"}])
    assert ref.stats["ledger"]["dropped"] == {"question_again": 2} and sum(ref.rows.values()) == 80
    table = load_table(ref)
    place = table["_id"].to_pylist().index("0")
    words = [table["pair"][place].as_py()[one["start"] : one["end"]] for one in table["label"][place].as_py()]
    assert words == ["Bob", "Ada 0"]  # which two of three rows say


def test_cleaning_the_context_moves_the_answers_and_an_answer_of_which_nothing_is_left_takes_its_row(
    made: Made,
) -> None:
    rows = []
    for number in range(40):
        context = f"<b>Ｒｏｏｍ</b>&nbsp;{number}  is AT&amp;T's.\u200b\u200b"
        for answer in ("Ｒｏｏｍ", "AT&amp;T", *(["\u200b\u200b"] if number < 2 else [])):
            places = {"text": [answer], "answer_start": [context.index(answer)]}
            rows.append({"context": context, "question": f"What of {answer}?", "answers": places})
    ref = made(rows)
    table = load_table(ref)
    words = {
        context[one["start"] : one["end"]]
        for context, found in zip(table["pair"].to_pylist(), table["label"].to_pylist(), strict=True)
        for one in found
    }
    assert words == {"Room", "AT&T"}
    assert ref.stats["ledger"]["dropped"] == {"answer_vanished": 2}


def test_answers_that_do_not_fit_are_counted_and_too_many_of_them_refused(made: Made) -> None:
    wrong = [row(200 + 4 * place, answers={"text": ["nobody"], "answer_start": [3]}) for place in range(3)]
    off = row(400)
    off["answers"]["answer_start"][0] += 1
    ref = made([*ROWS, *wrong, off])
    assert ref.stats["ledger"]["dropped"] == {"answer_missing": 3}
    assert ref.stats["ledger"]["changed"]["answer_moved"] == 1
    assert any("put right" in one["message"] for one in ref.stats["warnings"])
    with pytest.raises(DataError, match=r"(?s)data\.dropped.*does not stand in the context"):
        made([*ROWS[:20], *wrong])


def test_only_questions_without_an_answer_are_nothing_to_learn(made: Made) -> None:
    with pytest.raises(DataError, match=r"data\.no_answers"):
        made([one for one in ROWS if not one["answers"]["text"]])


@pytest.mark.parametrize(
    ("columns", "lost"),
    [
        ({"question": ["a"], "context": ["b"]}, "label"),
        ({"question": ["a"], "answers": [["b"]]}, "text_pair"),
        ({"context": ["a"], "answers": [["b"]]}, "text"),
    ],
)
def test_a_column_that_is_missing_is_named(columns: dict[str, Any], lost: str) -> None:
    with pytest.raises(DataError, match=r"data\.answer_columns") as refused:
        stated_table(pa.table(columns), DataOptions(**QA))
    assert refused.value.key == lost


def test_columns_may_be_told_and_an_old_hash_is_made_anew() -> None:
    table = pa.table({"q": ["a"], "text": ["a b"], "said": ['["b"]'], CONTEXT: ["old"], "no_answer": ["否"]})
    found, parts = stated_table(table, DataOptions(**QA, text="q", label="said"))
    assert parts == {"text": "q", "text_pair": "text", "label": "said", "group": CONTEXT}
    assert found.schema.field("said").type == STATED and found[CONTEXT][0].as_py() != "old"
    with pytest.raises(DataError, match=r"data\.answers_unread"):
        stated_table(pa.table({"question": ["a"], "context": ["b"], "answers": [[["c"]]]}), DataOptions(**QA))


def test_another_file_is_read_as_the_book_was(made: Made, write: Callable[..., Path]) -> None:
    ref = made(ROWS)
    nested = {
        "context": "Bob <b>sat</b>.",
        "qas": [{"id": n, "question": f"Who {n}?", "answers": ["Bob"]} for n in "ab"],
    }
    rows = external_rows(ref, write("other.json", json.dumps({"data": [{"title": "t", "paragraphs": [nested]}]})))
    assert rows.targets is not None and [Extract.of(one).answers for one in rows.targets] == [["Bob"], ["Bob"]]
    assert rows.pairs == ["Bob sat."] * 2
    bad = {**nested, "qas": [{"question": "Who?", "answers": ["Eve"]}] * 3}
    with pytest.raises(DataError, match=r"predict\.rows"):
        external_rows(ref, write("bad.json", json.dumps({"data": [{"paragraphs": [bad]}]})))


def test_the_kind_says_what_it_has_and_has_not() -> None:
    kind, labels = Answers(), Labels(problem="answers")
    column = pa.chunked_array([pa.array([[{"start": 0, "end": 1}], []], ANSWERS)])
    assert kind.outputs([]) == 2 and kind.strata(column, labels).tolist() == [0, 1]
    assert kind.text(column).to_pylist() == ["0-1", ""] and len(kind.borne(column)) == 0
    assert kind.words(column) is None and kind.vote("", None) is None  # type: ignore[arg-type,func-returns-value]
    assert kind.length_link(np.zeros(2), column, labels) == kind.nearness(None, "", labels) == 0
    assert kind.targets(column, labels).tolist() == ["0-1\n", "\n"]
    assert kind.warnings(None, "", DataOptions()) == []  # type: ignore[arg-type]
    with pytest.raises(DataError, match=r"data\.no_answers"):
        kind.find(pa.chunked_array([["a"]]), DataOptions(), coded=False)


def test_half_of_a_surrogate_pair_costs_no_row_and_moves_no_answer(made: Made) -> None:
    broken = row(0)
    broken["context"] = "\ud83d" + broken["context"]
    broken["answers"]["answer_start"] = [broken["answers"]["answer_start"][0] + 1]
    ref = made([broken, *ROWS[1:]])
    found = next(rows for rows in (load(ref, part) for part in ("train", "validation", "test")) if "0" in rows.ids)
    assert found.pairs is not None and found.targets is not None
    place = found.ids.index("0")
    assert found.pairs[place].startswith("\ufffdIn room 0") and Extract.of(found.targets[place]).answers == ["Ada 0"]
