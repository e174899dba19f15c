from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tunebook.core.errors import DataError
from tunebook.core.nouns import DataRef
from tunebook.data.describe import warning_text
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

WORDS = ["kettle", "parcel", "refund", "invoice", "login", "heater"]


def text(number: int) -> str:
    return f"note {number} about the {WORDS[number % 6]} of customer {number * 7}"


class Made:
    """Rows of a file, prepared; what came of them."""

    def __init__(self, write: Any, tmp_path: Path) -> None:
        self.write, self.folder, self.count = write, tmp_path, 0

    def rows(self, labels: list[Any], **more: list[Any]) -> Path:
        """A JSON Lines file of one row a label."""
        self.count += 1
        names = ["text", "label", *more]
        columns = [[text(number) for number in range(len(labels))], labels, *more.values()]
        lines = [json.dumps(dict(zip(names, row, strict=True))) for row in zip(*columns, strict=True)]
        path: Path = self.write(f"rows{self.count}.jsonl", "\n".join(lines) + "\n")
        return path

    def ref(self, labels: list[Any], test: Path | None = None, **options: Any) -> DataRef:
        more = options.pop("more", {})
        return prepare([self.rows(labels, **more)], self.folder / f"d{self.count}", DataOptions(**options), test=test)

    def refused(self, *args: Any, **options: Any) -> DataError:
        with pytest.raises(DataError) as caught:
            self.ref(*args, **options)
        assert str(caught.value)
        return caught.value


@pytest.fixture
def made(write: Any, tmp_path: Path) -> Made:
    return Made(write, tmp_path)


def told(ref: DataRef, code: str) -> str:
    """The words of the only warning of this code; empty for none."""
    found = [warning_text(item) for item in ref.stats["warnings"] if item["code"] == code]
    assert len(found) <= 1
    return found[0] if found else ""


def answered(write: Any, answers: list[str]) -> Path:
    lines = [f"{text(number)},{'ab'[number % 2]},{answer}" for number, answer in enumerate(answers)]
    path: Path = write("answers.csv", "\n".join(["text,label,answer", *lines]))
    return path


def test_rows_that_were_not_accepted_are_left_out(write: Any, tmp_path: Path) -> None:
    ref = prepare([answered(write, ["accept"] * 50 + ["Reject", "ignore"] * 5)], tmp_path / "x")
    assert sum(ref.rows.values()) == 50 and ref.stats["ledger"]["dropped"] == {"rejected": 5, "skipped": 5}
    assert "10 rows" in told(ref, "not_accepted") and "'answer'" in told(ref, "not_accepted")
    for number, answers in enumerate((["accept", "often"], ["accept"], ["reject", "skip"])):
        ref = prepare([answered(write, answers * (60 // len(answers)))], tmp_path / f"{number}")
        assert sum(ref.rows.values()) == 60


@pytest.mark.parametrize("kind", ["characters", "joined"])
def test_tags_of_words_are_no_classes(made: Made, kind: str) -> None:
    counts = [len("".join(text(number).split())) for number in range(60)]
    tags: list[Any] = [["O", "B-X"] * (count // 2) + ["O"] * (count % 2) for count in counts]
    tags[0] = ["O", "O"]
    if kind == "joined":
        tags = [" ".join(["O"] * 6 + [f"B-{number % 3}", "O"]) for number in range(60)]
        tags[:3] = ["O O", "O B", "B B"]  # no tags of names, which would be read
    error = made.refused(tags)
    assert error.code == "data.label_tags" and "tags of words" in error.message


def test_a_word_and_its_tag_in_each_row_are_no_classes(made: Made) -> None:
    words = {"text": [f"word{number}" for number in range(60)]}
    tags = ["O", "O", "B-LOC"] * 20
    error = made.refused(tags, more=words)
    assert (error.code, error.key) == ("data.label_tags", "label") and "--problem single_label" in error.advice
    assert made.ref(tags, more=words, problem="single_label").labels.names == ["B-LOC", "O"]
    assert made.ref(tags).labels.names == ["B-LOC", "O"]  # of texts, they are names as any other
    assert made.ref(["O", "A", "B"] * 20, more=words).labels.names == ["A", "B", "O"]  # blood groups


def test_several_labels_beside_texts_are_no_tags(made: Made) -> None:
    ref = made.ref([["a", "b", "c"][: 1 + number % 3] for number in range(60)])
    assert ref.labels.problem == "multi_label" and ref.labels.names == ["a", "b", "c"]


def test_a_given_split_of_unknown_labels_is_refused(made: Made) -> None:
    error = made.refused(["0", "1"] * 30, test=made.rows(["-1"] * 20))
    assert (error.code, error.key, error.allowed) == ("data.split_unknown", "test", "0, 1")
    named = made.refused(["neg", "pos"] * 30, test=made.rows(["-1"] * 20))
    assert named.code == "data.split_unknown" and "-1" in named.message
    assert made.ref(["a", "b"] * 30, test=made.rows(["a", "c"] * 10)).rows["test"] == 20
    assert made.refused([["a"], ["a", "b"]] * 30, test=made.rows([["c"]] * 20)).code == "data.split_unknown"
    numbers = made.ref([number / 7 for number in range(60)], test=made.rows([99.5, 98.5] * 10))
    assert numbers.labels.problem == "regression"


def test_marks_of_absence_are_left_out_and_said(made: Made) -> None:
    ref = made.ref(["yes", "no", "-"] * 30)
    assert ref.labels.names == ["no", "yes"] and ref.stats["ledger"]["dropped"] == {"unlabelled": 30}
    assert "30 rows" in told(ref, "unlabelled") and "-" in told(ref, "unlabelled")
    assert made.ref(["---", *["yes", "no"] * 30]).labels.names == ["no", "yes"]  # the line of a Markdown table
    kept = made.ref(["yes", "no", "-"] * 30, no_label=[])
    assert kept.labels.names == ["-", "no", "yes"] and not told(kept, "unlabelled")
    minus = made.ref(["-1", "0", "1"] * 30)
    assert minus.labels.names == ["-1", "0", "1"] and "30 rows" in told(minus, "minus_one")
    assert not told(made.ref(["-2", "-1", "1"] * 30), "minus_one")
    other = made.ref(["yes", "no", "later"] * 30, no_label=["later"])
    assert other.labels.names == ["no", "yes"]


def test_a_mark_of_absence_beside_one_label_is_a_class_and_said(made: Made) -> None:
    said = told(made.ref(["yes", "N/A"] * 30), "absent_class")
    assert "30 rows" in said and "--no-label N/A" in said
    assert made.refused(["yes", "N/A"] * 30, no_label=["N/A"]).code == "data.one_class"  # as it is advised
    assert not told(made.ref(["yes", "N/A"] * 30, no_label=[]), "absent_class")
    assert not told(made.ref(["yes", "no", "N/A"] * 30), "absent_class")


def test_errors_of_formulas_are_left_out_and_said(made: Made) -> None:
    ref = made.ref(["yes", "no"] * 40 + ["#REF!", "Err:502"])
    assert ref.labels.names == ["no", "yes"] and ref.stats["ledger"]["dropped"] == {"label_error": 2}
    assert "#REF!" in told(ref, "label_error")


def test_numbers_with_few_that_are_none(made: Made) -> None:
    labels = [f"{number / 7:.2f}" for number in range(98)] + ["n/a", "three"]
    ref = made.ref(labels)
    assert ref.labels.problem == "regression" and ref.stats["ledger"]["dropped"] == {"bad_number": 2}
    assert "2 rows" in told(ref, "bad_numbers") and "n/a, three" in told(ref, "bad_numbers")
    assert not told(ref, "unlabelled")
    assert told(made.ref([f"{number // 7},{number % 7}" for number in range(98)]), "decimal_comma")


def test_a_row_of_units_below_the_heading_is_no_number(made: Made) -> None:
    ref = made.ref(["(0-10)", *[f"{number / 7:.2f}" for number in range(60)]])
    assert ref.labels.problem == "regression" and ref.stats["ledger"]["dropped"] == {"bad_number": 1}
    assert "(0-10)" in told(ref, "bad_numbers")
    assert made.refused(["(0-10)", *["1", "2"] * 30]).code == "data.label_unread"


def test_empty_lists(made: Made) -> None:
    labels = [["a"], ["b", "a"], []] * 30
    ref = made.ref(labels)
    assert sum(ref.rows.values()) == 90 and "30 rows" in told(ref, "empty_lists")
    done = made.ref(labels, no_label=["[]"])
    assert sum(done.rows.values()) == 60 and done.stats["ledger"]["dropped"] == {"unlabelled": 30}
    single = made.ref([["a"], ["b"], []] * 30, problem="single_label")
    assert single.labels.names == ["a", "b"] and sum(single.rows.values()) == 60


def test_vectors_and_their_names(made: Made) -> None:
    labels = [[1, 0, 1], [0, 1, 0], [0, 0, 0], [1, 1, 1]] * 20
    ref = made.ref(labels)
    assert ref.labels.names == ["0", "1", "2"] and "0, 1, 2" in told(ref, "positions")
    assert ref.stats["classes"]["train"]["0"] == pytest.approx(28, abs=2) and not told(ref, "empty_lists")
    named = made.ref(labels, label_names={"0": "x", "1": "c", "2": "b"})
    assert named.labels.names == ["x", "c", "b"] and not told(named, "positions")


def test_joins_of_classes_are_said(made: Made) -> None:
    ref = made.ref(["red", "blue", "red blue"] * 30)
    assert ref.labels.problem == "single_label" and "red blue" in told(ref, "label_joints")
    assert not told(made.ref(["red", "blue", "red blue"] * 30, problem="single_label"), "label_joints")


def test_rows_of_headings_and_totals_are_said(made: Made) -> None:
    ref = made.ref(["red", "blue"] * 30 + ["Label", "Total:"])
    assert "Label" in told(ref, "label_heading") and "Total:" in told(ref, "label_heading")
    assert not told(made.ref(["red", "total"] * 30), "label_heading")


def test_votes_of_several_annotators_are_no_duplicates(write: Any, tmp_path: Path) -> None:
    lines = [f"{text(n)},{'ab'[n % 2]},{who}" for n in range(40) for who in ("ann", "bob", "bob")]
    path = write("votes.csv", "text,label,annotator\n" + "\n".join(lines) + "\n")
    ref = prepare([path], tmp_path / "x")
    assert sum(ref.rows.values()) == 80 and ref.stats["ledger"]["dropped"] == {"duplicate": 40}
    assert "40 rows" in told(ref, "votes") and "annotator" in told(ref, "votes")


@pytest.mark.parametrize("written", [list, str])
def test_lists_of_tags_beside_other_texts_are_no_classes(made: Made, written: Any) -> None:
    tags = [written(["O", "B-X", "O"]) for _ in range(60)]
    assert made.refused(tags).code == "data.label_tags"
    assert made.ref(tags, problem="multi_label").labels.names == ["B-X", "O"]
