"""Both kinds of marked places: from files to prepared rows, targets, figures and warnings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef, Labels
from tunebook.data.clean import clean_text
from tunebook.data.external import external_rows
from tunebook.data.kind import class_counts
from tunebook.data.kinds.spans import Spans
from tunebook.data.kinds.tags import Tags
from tunebook.data.load import load, load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.span_columns import SPANS, TAGGED, column_of, lengths_of, spans_of
from tunebook.data.span_kind import SpanKind
from tunebook.data.votes import votes

Made = Callable[..., DataRef]
AB = Labels(problem="spans", names=["A", "B"])
SOME = [[(0, 3, "A"), (5, 7, "B")], [], [(1, 2, "A")]]


@pytest.fixture
def made(write: Callable[..., Path], tmp_path: Path) -> Made:
    def put(name: str, content: str, **options: Any) -> DataRef:
        return prepare([write(name, content)], tmp_path / f"made_{name}", DataOptions(**options))

    return put


def spans(rows: list[Any]) -> pa.ChunkedArray:
    cells = [
        None if row is None else [dict(zip(("start", "end", "label"), one, strict=True)) for one in row] for row in rows
    ]
    return pa.chunked_array([pa.array(cells, SPANS)])


def json_rows(count: int = 60, **more: Any) -> str:
    """Rows with the entity at another place in each, and none in every fifth."""
    rows = []
    for number in range(count):
        text = f"{'x' * (number % 7)} Ada {number} met Bob"
        start = text.index("Ada")
        found = [[start, start + 3, "PER"]] + ([[len(text) - 3, len(text), "FRIEND"]] if number % 2 else [])
        rows.append({"text": text, "label": found if number % 5 else [], **more})
    return "\n".join(map(json.dumps, rows))


def test_outputs_are_those_of_a_token() -> None:
    assert isinstance(Spans(), SpanKind) and Spans().outputs(["a", "b", "c"]) == Tags().outputs(["a", "b", "c"]) == 7


def test_targets_hold_the_count_and_the_places_and_come_back_as_said() -> None:
    targets = Spans().targets(spans(SOME), AB)
    assert targets.dtype == np.int64
    assert targets.tolist() == [[2, 0, 3, 0, 5, 7, 1], [0] * 7, [1, 1, 2, 0, 0, 0, 0]]
    for row, target in zip(SOME, targets, strict=True):
        assert [tuple(one.values()) for one in Spans().said(target, AB)] == row
    assert Spans().targets(spans([[], []]), AB).shape == (2, 1)


def test_columns_of_spans_and_their_lengths() -> None:
    column = spans_of(np.array([1, 0, 2]), ([0, 3, 5], [2, 4, 9]), pa.array(["a", "b", "a"]))
    assert column.to_pylist()[2] == [{"start": 3, "end": 4, "label": "b"}, {"start": 5, "end": 9, "label": "a"}]
    assert lengths_of(spans([[(0, 1, "a")], None, []]).combine_chunks()).tolist() == [1, 0, 0]
    table = pa.table({"one": spans(SOME), "two": spans(SOME)})
    assert (
        column_of(SPANS, table, DataOptions()) == "one" and column_of(SPANS, table, DataOptions(label="two")) == "two"
    )
    assert column_of(TAGGED, table, DataOptions()) is None and column_of(SPANS, table, DataOptions(label="x")) is None


def test_counts_strata_and_texts_of_labels() -> None:
    column = spans(SOME)
    assert class_counts(column, AB) == {"A": 2, "B": 1}
    assert Spans().strata(column, AB).tolist() == [0, 2, 1]
    texts = Spans().text(column).to_pylist()
    assert len(set(texts)) == 3 and texts == Spans().text(spans(SOME)).to_pylist()
    assert Spans().length_link(np.array([1.0, 0.0, 1.0]), column, AB) == 1.0


def test_an_entity_is_as_near_to_a_vote_as_their_f1() -> None:
    target = Spans().targets(spans(SOME), AB)[0]
    one = frozenset({(0, 3, "A")})
    assert Spans().nearness(one, target, AB) == pytest.approx(2 / 3)
    assert Spans().nearness(frozenset({(0, 3, "B")}), target, AB) == 0.0
    assert Spans().nearness(frozenset(), np.zeros(1, np.int64), AB) == 1.0
    same, most = Spans().agreed(spans([[(0, 3, "A"), (5, 7, "B")], None, []]), spans([[(0, 3, "A")], [], []]))
    assert (same, most) == (2, 3)


def test_json_goes_all_the_way(made: Made) -> None:
    ref = made("x.jsonl", json_rows())
    assert (ref.task, ref.labels.problem, ref.labels.names) == ("tagging", "spans", ["FRIEND", "PER"])
    rows = load(ref, "train")
    assert rows.targets is not None and rows.targets.shape == (len(rows.texts), 7)
    for text, target in zip(rows.texts, rows.targets, strict=True):
        said = Spans().said(target, ref.labels)
        assert {text[one["start"] : one["end"]] for one in said} <= {"Ada", "Bob"}
    found = ref.stats["marked"]
    assert (
        found["rows"] == 48
        and found["per_row"]["max"] == 2
        and found["characters"]["mean"] == 3
        and found["share"] > 0.1
    )
    assert sum(ref.stats["classes"]["train"].values()) > 40


def test_tags_go_all_the_way_with_their_words(made: Made) -> None:
    rows = (
        "".join(f"{number} O\nmet O\nAda B-PER\nByron I-PER\n. O\n\n" for number in range(60)) + "so O\nI-PER I-PER\n"
    )
    ref = made("x.conll", rows)
    assert (ref.task, ref.labels.problem, ref.stats["scheme"], ref.stats["tags_repaired"]) == (
        "tagging",
        "tags",
        "bio",
        1,
    )
    assert ref.stats["ledger"]["changed"] == {"tags_repaired": 1}
    assert any("1 tags break their scheme (BIO)" in one["message"] for one in ref.stats["warnings"])
    table = load_table(ref)
    for text, words, found in zip(*(table[name].to_pylist() for name in ("text", "words", "label")), strict=True):
        assert [text[word["start"] : word["end"]] for word in words] == text.split()
        assert [text[one["start"] : one["end"]] for one in found] in (["Ada Byron"], ["I-PER"])
    assert load(ref, "train").words is not None


def test_cleaning_keeps_places_and_drops_what_it_leaves_nothing_of(made: Made) -> None:
    """Texts with markup, full width, marks that combine, emoji, line ends and letters that cannot be seen."""
    parts = [
        "<b>see</b>&nbsp;",
        "Ｎｅｗ\u3000Ｙｏｒｋ",
        " e\u0301\r\n",
        "cafe\u0301",
        " 👩\u200d💻 ",
        "AT&amp;T",
        "\u200b\u200b",
        " end",
    ]
    rows = []
    for number in range(40):
        text, marks = f"{number} ", []
        for part in parts:
            if part[0] in "Ｎc👩A" or part == "\u200b\u200b":
                marks.append([len(text), len(text) + len(part), "A"])
            text += part
        rows.append({"text": text, "label": marks})
    ref = made("x.jsonl", "\n".join(map(json.dumps, rows)))
    table = load_table(ref)
    for text, found in zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True):
        assert [text[one["start"] : one["end"]] for one in found] == ["New York", "café", "AT&T"]
        assert text == clean_text(text)
    assert ref.stats["ledger"]["changed"]["place_vanished"] == 40


def test_annotators_keep_their_own_marks_and_their_agreement_is_an_f1(made: Made) -> None:
    tasks = []
    for number in range(40):
        text = f" {number} Ada and Bob"
        marks = [{"start": text.index(name), "end": text.index(name) + 3, "labels": ["P"]} for name in ("Ada", "Bob")]
        results = [marks, marks[:1], marks[:1]]
        answers = [
            {
                "completed_by": who,
                "result": [{"from_name": "n", "to_name": "t", "type": "labels", "value": one} for one in found],
            }
            for who, found in enumerate(results, start=1)
        ]
        tasks.append({"id": number, "data": {"text": text}, "annotations": answers})
    ref = made("x.json", json.dumps(tasks))
    assert ref.roles.annotators == ["annotator 1", "annotator 2", "annotator 3"]
    assert ref.stats["agreement"] == pytest.approx((2 + 2 + 2) / (3 + 3 + 2), abs=1e-4)
    rows = load(ref, "train")
    text, said = rows.texts[0], votes(rows.other, ref)[0]
    assert text[0] != " "  # cleaned, and the marks of each with it
    assert [sorted(text[start:end] for start, end, _ in vote) for vote in said] == [["Ada", "Bob"], ["Ada"], ["Ada"]]
    assert rows.targets is not None and rows.targets[0, 0] == 1


def test_another_file_is_read_as_the_book_was(made: Made, write: Callable[..., Path]) -> None:
    ref = made("x.jsonl", json_rows())
    other = write("other.jsonl", json_rows(10))
    assert external_rows(ref, other).targets[:, 0].tolist() == [0, 2, 1, 2, 1, 0, 1, 2, 1, 2]  # type: ignore[index]
    with pytest.raises(DataError, match=r"outside\.label"):
        external_rows(ref, write("odd.jsonl", json_rows(10).replace("FRIEND", "ENEMY")))
    conll = "".join(f"{number} O\nAda B-PER\n\n" for number in range(60))
    book = made("x.conll", conll)
    assert external_rows(book, write("other.conll", conll)).targets.shape == (60, 4)  # type: ignore[union-attr]
    spans = "\n".join(json.dumps({"text": "an Ada", "spans": [[3, 6, "PER"]]}) for _ in range(2))
    named = made("y.jsonl", "\n".join(f'{{"text": "{n} Ada", "spans": [[0, 1, "PER"]]}}' for n in range(60)))
    assert external_rows(named, write("more.jsonl", spans)).targets.tolist() == [[1, 3, 6, 0]] * 2  # type: ignore[union-attr]


def in_addresses(labels: tuple[str, str], count: int) -> str:
    """Rows of which the first ones bear two marks in one address, and the others one outside."""
    rows = []
    for number in range(60):
        two = [[5, 8, labels[0]], [9, 13, labels[1]]] if number < count else [[14, 17, "B"]]
        rows.append({"text": f"mail ann@b.co Bob {number}", "label": two})
    return "\n".join(map(json.dumps, rows))


@pytest.mark.parametrize(
    ("labels", "overlaps", "reason", "left"),
    [
        (("A", "A"), "refuse", {"changed": {"span_twice": 3}}, ["A"]),
        (("A", "C"), "longest", {"changed": {"span_crossed": 3}}, ["A"]),
        (("A", "C"), "first", {"changed": {"span_crossed": 3}}, ["A"]),
        (("A", "C"), "refuse", {"dropped": {"span_crossed": 3}}, None),
    ],
)
def test_places_that_cleaning_makes_one_are_settled(
    labels: tuple[str, str], overlaps: str, reason: Any, left: Any, made: Made, write: Callable[..., Path]
) -> None:
    more = {"clean": {"email": True}, "overlaps": overlaps, "duplicates": "keep", "leakage": "remove"}
    ref = made("x.jsonl", in_addresses(labels, 3), **more, max_dropped=0.1)
    table = load_table(ref)
    found = [[one["label"] for one in row] for row in table["label"].to_pylist() if {*row[0].values()} & {"A", "C"}]
    assert found == ([left] * 3 if left else []) and table.num_rows == (60 if left else 57)
    for action, counts in reason.items():
        assert counts.items() <= ref.stats["ledger"][action].items()
    assert ("marks_changed" in {one["code"] for one in ref.stats["warnings"]}) == ("changed" in reason)
    assert ref.labels.names == (["A", "B"] if left else ["B"])
    if left is None:
        with pytest.raises(DataError, match=r"(?s)data\.dropped.*overlap once the text is clean.*half\.jsonl: 1, 2, 3"):
            made("half.jsonl", in_addresses(labels, 30), **more, max_dropped=0.1)
        with pytest.raises(DataError, match=r"in label marked places overlap.*'5–12 A / 5–12 C' in row 1.*: 60\."):
            made("all.jsonl", in_addresses(labels, 60), **more, max_dropped=0.1)
    other = write("other.jsonl", in_addresses(("B", "B"), 2))
    assert external_rows(ref, other).targets[:, 0].tolist() == [1] * 60  # type: ignore[index]
    if overlaps == "first":
        assert external_rows(ref, write("odd.jsonl", in_addresses(("B", "A"), 2))).targets[0, 0] == 1  # type: ignore[index]


def test_another_file_whose_places_cleaning_makes_one_is_refused(made: Made, write: Callable[..., Path]) -> None:
    more = {"clean": {"email": True}, "duplicates": "keep", "leakage": "remove"}
    ref = made("x.jsonl", json_rows().replace("FRIEND", "B"), **more)
    with pytest.raises(DataError) as caught:
        external_rows(ref, write("odd.jsonl", in_addresses(("B", "PER"), 2)))
    assert (caught.value.code, caught.value.value) == ("data.span_overlap", "5–12 B / 5–12 PER")


def test_another_file_may_hold_places_in_another_form(made: Made, write: Callable[..., Path]) -> None:
    conll = "".join(f"{number}\tO\nAda\tB-PER\n\n" for number in range(60))
    tagged, marked = made("x.conll", conll), made("x.jsonl", json_rows())
    texts = [{"id": n, "text": f"See Ada-{n}.", "label": [[4, 7, "PER"]], "Comments": []} for n in range(2)]
    named = [{"text": row["text"], "spans": [{"start": 4, "end": 7, "label": "PER"}]} for row in texts]
    for rows in (texts, named):
        found = external_rows(tagged, write("other.jsonl", "\n".join(map(json.dumps, rows))))
        assert found.targets.tolist() == [[1, 4, 7, 0]] * 2  # type: ignore[union-attr]
        words = tagged.labels.kind.cut(found.texts, tagged)  # type: ignore[attr-defined]
        assert [places.tolist() for places in found.words or ()] == [places.tolist() for places in words]
    found = external_rows(marked, write("other.conll", "\n" + conll))
    assert found.targets.tolist() == [  # type: ignore[union-attr]
        [1, len(f"{n} "), len(f"{n} Ada"), marked.labels.names.index("PER")] for n in range(60)
    ]
    assert found.words is None
    with pytest.raises(DataError, match=r"outside\.label"):
        external_rows(marked, write("odd.conll", conll.replace("PER", "ORG")))
    with pytest.raises(DataError, match=r"data\.no_marks"):
        external_rows(marked, write("classes.csv", "text,label\nthe room,good\na stay,bad\n"))


@pytest.mark.parametrize(
    ("rows", "options", "code"),
    [
        ([{"tokens": ["a", "b"], "ner_tags": [0, 1]}] * 9, {}, "data.tags_numbered"),
        ([{"tokens": ["a", "b"], "ner_tags": ["O", "O"]}] * 9, {}, "data.no_spans"),
        ([{"tokens": ["a", "b"], "ner_tags": ["O", f"B-{n}"]} for n in range(10_000)], {}, "data.classes_limit"),
        ([{"text": "ab", "label": [[0, 1, f"L{n}"]]} for n in range(2000)], {}, "data.classes_limit"),
        ([{"text": "ab", "label": "x" * (1 + n % 2)} for n in range(99)], {"problem": "spans"}, "data.no_marks"),
        ([{"text": "ab", "label": "x" * (1 + n % 2)} for n in range(99)], {"problem": "tags"}, "data.no_marks"),
    ],
)
def test_what_cannot_be_learnt_is_refused(made: Made, rows: list[Any], options: dict[str, Any], code: str) -> None:
    with pytest.raises(DataError) as caught:
        made("x.jsonl", "\n".join(map(json.dumps, rows)), **options)
    assert caught.value.code == code and caught.value.message and caught.value.advice


def test_names_of_tags_and_of_types(made: Made) -> None:
    rows = "\n".join(json.dumps({"tokens": ["a", str(n)], "ner_tags": [n % 2, 0]}) for n in range(60))
    ref = made("x.jsonl", rows, label_names={"0": "O", "1": "B-LOC"})
    assert ref.labels.names == ["LOC"]
    assert made("y.jsonl", rows, label_names=["O", "B-PER"]).labels.names == ["PER"]
    named = made("z.jsonl", json_rows(), label_names={"PER": "person", "FRIEND": "friend"})
    assert named.labels.names == ["friend", "person"]
    case = made("w.jsonl", json_rows().replace('"FRIEND"', '"per"'))
    assert case.labels.names == ["PER"] and case.stats["merged_labels"] == {"per": "PER"}


def test_doubts_about_texts_without_marks_and_marks_of_several_names(made: Made) -> None:
    rows = [
        {"text": f"{n} Ada", "label": [[len(f"{n} "), len(f"{n} ") + 3, "AB"[n % 2]]] if n % 3 == 0 else []}
        for n in range(90)
    ]
    ref = made("x.jsonl", "\n".join(map(json.dumps, rows)))
    told = {one["code"]: one["message"] for one in ref.stats["warnings"]}
    assert "60 texts have no marked place" in told["spans_few"]
    assert "'Ada' (A 15, B 15)" in told["spans_mixed"]


def test_texts_without_words_are_cut_where_a_book_was_learnt_in_words(made: Made) -> None:
    words = made("words.conll", "".join(f"{number} O\nmet O\nAda B-PER\n\n" for number in range(40)))
    signs = made("signs.conll", "".join(f"{sign} O\n阿 B-PER\n达 I-PER\n\n" for sign in "一二三四五六七八九十" * 4))
    (found,) = Tags().cut(["Ada, met"], words) or []
    assert found.tolist() == [[0, 3], [3, 4], [5, 8]]
    assert Tags().cut(["阿达来了"], signs) is None and Spans().cut(["Ada met"], made("x.jsonl", json_rows())) is None
