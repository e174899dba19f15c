"""Tags read as seqeval reads them, on random tags of every scheme, and schemes that are found."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB1, IOB2, IOBES, Entities

from tunebook.core.errors import DataError
from tunebook.data.kinds.tags import Tags
from tunebook.data.options import DataOptions
from tunebook.data.schemes import NAMELESS, SCHEMES, TWICE, find_scheme, meanings, read_tags
from tunebook.data.span_columns import TAGGED

Rows = list[list[str]]


def column(rows: Rows) -> pa.ChunkedArray:
    cells = [[{"start": 2 * n, "end": 2 * n + 1, "tag": tag} for n, tag in enumerate(row)] for row in rows]
    return pa.chunked_array([pa.array(cells, TAGGED)])


def found(rows: Rows, **options: Any) -> Any:
    return Tags().find(column(rows), DataOptions(**options), False)


def entities(labelled: Any) -> list[list[tuple[str, int, int]]]:
    """Type, first and last word of each, of every row."""
    cells = labelled.column.to_pylist()
    return [[(span["label"], span["start"] // 2, (span["end"] - 1) // 2) for span in row] for row in cells]


def drawn(letters: str, seed: int) -> Rows:
    """Random rows, most of which break the scheme; the last shows which it is."""
    draw = random.Random(seed)
    tags = ["O", *[f"{letter}-{name}" for letter in letters for name in ("X", "Y-Z")]]
    return [[draw.choice(tags) for _ in range(draw.randint(1, 8))] for _ in range(200)] + [[f"{letters[0]}-X"]]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("scheme", ["bio", "iob1", "bioes", "io"])
def test_broken_sequences_are_read_as_conlleval_reads_them(scheme: str, seed: int) -> None:
    rows = drawn(SCHEMES[scheme], seed)
    assert entities(found(rows, scheme=scheme)) == [get_entities(row) for row in rows]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("scheme", "strict"), [("bio", IOB2), ("iob1", IOB1), ("bioes", IOBES)])
def test_a_sequence_is_broken_where_a_strict_reading_differs(scheme: str, strict: Any, seed: int) -> None:
    rows = drawn(SCHEMES[scheme], seed)
    labelled = found(rows, scheme=scheme)
    broken = set(labelled.changed["tags_repaired"].tolist())
    whole = [sorted((one.tag, one.start, one.end - 1) for one in row) for row in Entities(rows, strict).entities]
    mine = [sorted(row) for row in entities(labelled)]
    assert {place for place, row in enumerate(mine) if row != whole[place]} <= broken
    assert 0 < len(broken) < len(rows)
    assert labelled.facts["tags_repaired"] >= len(broken)


def test_counts_of_broken_tags_by_hand() -> None:
    rows = [["O", "I-X", "I-X"], ["B-X", "I-Y"], ["B-X", "B-X"]]
    assert found(rows).facts == {"scheme": "bio", "tags_repaired": 2, "letters": True}
    single = [["E-X"], ["B-X", "O"], ["S-X"], ["B-X", "I-X", "E-X"], ["I-X", "E-X"]]
    assert found(single).facts == {"scheme": "bioes", "tags_repaired": 3, "letters": True}


@pytest.mark.parametrize(
    ("rows", "scheme"),
    [
        ([["I-X", "O"], ["I-Y", "I-X"]], "io"),
        ([["X", "O"], ["Y", "X"]], "io"),
        ([["B-X", "I-X", "O"], ["B-X", "B-Y"]], "bio"),
        ([["X-B", "X-I", "O"], ["Y-B"]], "bio"),
        ([["B_X", "I_X", "O"]], "bio"),
        ([["I-X", "I-X", "B-X"], ["O", "I-Y"]], "iob1"),
        ([["B-X", "E-X", "S-Y", "O"]], "bioes"),
        ([["B-X", "L-X", "U-Y", "O"]], "bilou"),
        ([["B-X", "M-X", "E-X", "O"], ["S-Y"]], "bmes"),
        ([["B-X", "M-X", "E-X", "O"], ["W-Y"]], "bmes"),
        ([["B", "I", "O"]], "bio"),
    ],
)
def test_a_scheme_is_found_by_all_tags(rows: Rows, scheme: str) -> None:
    labelled = found(rows)
    assert labelled.facts == {"scheme": scheme, "tags_repaired": 0, "letters": True}
    names = {name for row in entities(labelled) for name, _, _ in row}
    assert names <= {"X", "Y", NAMELESS}
    assert entities(found(rows, scheme=scheme.upper())) == entities(labelled)


@pytest.mark.parametrize(
    ("tags", "options"),
    [
        (["B-X", "L-X", "E-X", "O"], {}),
        (["B-X", "PER", "O"], {}),
        (["B-X", "S-X", "O"], {"scheme": "bio"}),
        (["B-X", "O"], {"scheme": "io"}),
    ],
)
def test_tags_of_no_scheme_are_refused(tags: list[str], options: dict[str, str]) -> None:
    with pytest.raises(DataError) as caught:
        found([tags], **options)
    assert caught.value.code == "data.scheme" and "bioes" in caught.value.allowed


def test_an_unknown_scheme_is_refused_with_those_there_are() -> None:
    with pytest.raises(DataError) as caught:
        DataOptions(scheme="bieo")
    assert (caught.value.key, caught.value.value) == ("scheme", "bieo") and "bilou" in caught.value.allowed


def test_two_tags_in_one_are_seen() -> None:
    assert all(map(TWICE.fullmatch, ["B-PER|I-ORG", "B-PER,O", "O;B-X", "I-A B-B"]))
    assert not any(map(TWICE.fullmatch, ["B-PER", "B-a/b", "O", "B-work-of-art"]))
    labelled = found([["B-X|B-Y", "O"], ["B-X"]], max_dropped=0.5)
    assert labelled.bad["tag_twice"].tolist() == [0]
    assert entities(labelled) == [[], [("X", 0, 0)]]


def test_many_rows_with_two_tags_on_a_word_are_refused() -> None:
    with pytest.raises(DataError) as caught:
        found([["B-X|B-Y", "O"]] * 9)
    assert (caught.value.code, caught.value.value, caught.value.fields["rows"]) == ("data.tag_twice", "B-X|B-Y", 9)


def test_rows_by_themselves() -> None:
    """What stands at the end of a row does not go on in the next, nor over a row without words."""
    scheme = find_scheme({"B-X": 1, "I-X": 1}, DataOptions())
    letters, kinds = meanings(scheme, ["X"], ["B-X", "I-X", "I-X"])
    read, key = read_tags((letters, kinds), pa.array([1, 1, 3]).to_numpy(), scheme.key)
    assert (read.first.tolist(), read.last.tolist(), read.broken.tolist(), key) == (
        [0, 1],
        [0, 2],
        [False, True, False],
        "bio",
    )


def test_small_letters_are_those_of_the_scheme_where_all_are_small():
    labelled = found([["b-x", "i-x", "o", "b-y"], ["o", "i-y", "O", "o"]])
    assert entities(labelled) == [[("x", 0, 1), ("y", 3, 3)], [("y", 1, 1)]]
    assert labelled.facts["scheme"] == "bio"


def test_letters_of_no_scheme_are_refused_and_types_where_it_was_told():
    for rows in ([["Q-PER", "O"], ["Z-LOC", "O"]], [["q-x", "b-x"]], [["B-x", "b-x"]], [["e-x", "i-y", "O"]]):
        with pytest.raises(DataError) as caught:
            found(rows)
        assert caught.value.code == "data.scheme"
    assert entities(found([["Q-PER", "O"]], scheme="io")) == [[("Q-PER", 0, 0)]]
    assert entities(found([["x-ray", "drug", "O"]])) == [[("x-ray", 0, 0), ("drug", 1, 1)]]


def test_letters_with_a_hyphen_and_no_type_are_those_of_one_nameless_type():
    assert entities(found([["B-", "I-", "O", "B-"]])) == [[(NAMELESS, 0, 1), (NAMELESS, 3, 3)]]
