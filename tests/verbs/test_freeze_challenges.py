"""Frozen challenge sets: files that read as they were written, and a gate that holds every test to them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import small
from tunebook.core.errors import BookError, DataError, PlanError
from tunebook.core.verdict import Gate
from tunebook.data.options import DataOptions
from tunebook.tables.make import child
from tunebook.verbs.abtest.challenges import all_challenges
from tunebook.verbs.abtest.classes import holdable
from tunebook.verbs.abtest.exams import file_exam
from tunebook.verbs.abtest.prepared import prepare_test
from tunebook.verbs.freeze_challenges import add_to_gate, freeze_challenges
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book, open_book
from tunebook.verbs.steps.challenge_sets import read_set, set_folder
from tunebook.verbs.steps.plan import plan

KINDS = ("binary", "classes", "several", "pairs", "number", "ordered")


@pytest.fixture
def own(trained, tmp_path: Path) -> Book:
    """A copy of a book with a run, which a test may change."""
    shutil.copytree(trained("binary").book.path, tmp_path / "book")
    return open_book(tmp_path / "book")


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_every_kind_are_read_as_they_were_written(kind, trained, tmp_path) -> None:
    shutil.copytree(trained(kind).book.path, tmp_path / "book")
    book = open_book(tmp_path / "book")
    made = freeze_challenges(book, book.runs[-1], "base", only=["casing", "emoji"])
    assert {one.capability for one in made.files} == {"casing", "emoji"}
    assert read_set(book.path, "base") == made
    assert all(one.margin >= 0.05 for one in made.files)


def test_rows_of_one_group_stay_together_in_a_test(base: Path, tmp_path: Path) -> None:
    lines = [f"{text} {row},{label},u{row // 3}" for row, (text, label) in enumerate(small.texts(180))]
    (tmp_path / "rows.csv").write_text("text,label,user\n" + "\n".join(lines), encoding="utf-8")
    book = init(tmp_path / "book", tmp_path / "rows.csv", model=str(base), options=DataOptions(group="user"))
    run = SimpleNamespace(plan=plan(book.champion, book.data), id="r", model=tmp_path, path=tmp_path)
    made = freeze_challenges(book, run, "base", only=["casing"])  # type: ignore[arg-type]
    path = set_folder(book.path, "base") / "casing.jsonl"
    exam = file_exam(book.data, path)
    names = [json.loads(line)["user"] for line in path.read_text(encoding="utf-8").split("\n")[:-1]]
    assert exam.groups is not None and exam.count == len(set(names)) < len(names) == made.files[0].rows
    assert all((exam.groups[a] == exam.groups[b]) == (names[a] == names[b]) for a in range(9) for b in range(9))
    assert made.files[0].margin == pytest.approx(holdable(exam.count, book.file.gate.seeds, 1), abs=1e-4)


def test_a_gate_holds_later_tests_to_a_set(own: Book) -> None:
    sides = {"positive": "good", "negative": "bad"}
    made = freeze_challenges(
        own, own.runs[-1], "base", margin=0.1, gate=True, only=["emoji", "praise"], sentiment=sides
    )
    assert [one.capability for one in made.files] == ["emoji"], "praise has no right answer"
    book = open_book(own.path)
    assert book.file.gate.challenges == ["base"]
    table = child(book.champion, {"learning_rate": 2e-3})
    prepared = prepare_test(book, 1, table)
    assert [(one.path.name, one.margin) for one in prepared.plan.challenges] == [("emoji.jsonl", 0.1)]
    assert prepared.lax is None
    assert len(prepared.challenges[0].rows) == made.files[0].rows
    path = set_folder(book.path, "base") / "emoji.jsonl"
    stricter = prepare_test(book, 1, table, challenges=[f"{path}=0.05"])
    assert stricter.plan.challenges[0].margin == 0.05
    assert prepare_test(book, 1, table, challenges=[f"{path}=0.3"]).plan.challenges[0].margin == 0.1


def test_a_test_without_the_set_does_not_bind(own: Book) -> None:
    table = child(own.champion, {"learning_rate": 2e-3})
    before = prepare_test(own, 1, table).plan
    freeze_challenges(own, own.runs[-1], "base", gate=True, only=["emoji"])
    book = open_book(own.path)
    from tunebook.verbs.abtest.binding import laxer

    asked = prepare_test(book, 1, table).plan
    lax = laxer(before, asked, book.file.gate)
    assert lax is not None
    assert lax.key == "challenges"
    assert laxer(asked, asked, book.file.gate) is None


def test_what_was_frozen_stays(own: Book) -> None:
    freeze_challenges(own, own.runs[-1], "base", gate=True, only=["emoji"])
    with pytest.raises(BookError, match=r"challenge\.frozen"):
        freeze_challenges(own, own.runs[-1], "base", only=["emoji"])
    book, table = open_book(own.path), child(own.champion, {"learning_rate": 2e-3})
    path = set_folder(own.path, "base") / "emoji.jsonl"
    rows = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(rows[1:]) + "\n", encoding="utf-8")
    with pytest.raises(PlanError, match=r"ab\.challenge_changed"):
        prepare_test(book, 1, table)
    path.unlink()
    with pytest.raises(PlanError, match=r"ab\.challenge_changed"):
        prepare_test(book, 1, table)
    shutil.rmtree(set_folder(own.path, "base"))
    with pytest.raises(PlanError, match=r"ab\.challenge_set"):
        prepare_test(book, 1, table)


@pytest.mark.parametrize(("name", "more"), [("../x", {}), ("", {}), ("a", {"margin": 0.0}), ("a", {"margin": -1.0})])
def test_names_and_margins_that_cannot_be(name: str, more: dict[str, float], own: Book) -> None:
    with pytest.raises(PlanError, match=r"challenge\.freeze"):
        freeze_challenges(own, own.runs[-1], name, **more)  # type: ignore[arg-type]
    assert not (own.path / "challenges").exists()


def test_nothing_to_freeze(own: Book) -> None:
    with pytest.raises(DataError, match=r"challenge\.nothing_frozen"):
        freeze_challenges(own, own.runs[-1], "base", only=["emoji"], limit=4)


def test_names_that_are_no_file_names_and_double_ones(own: Book, tmp_path: Path) -> None:
    lines = [f"it was great {number},good,{skill}" for number in range(10) for skill in ("a/b", "a b")]
    (tmp_path / "own.csv").write_text("text,label,capability\n" + "\n".join(lines), encoding="utf-8")
    made = freeze_challenges(own, own.runs[-1], "own", only=["emoji"], rows=[tmp_path / "own.csv"])
    assert [one.file for one in made.files][1:] == ["a_b.jsonl", "a_b-2.jsonl"]
    first = json.loads((set_folder(own.path, "own") / "a_b.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert first == {"text": "it was great 0", "label": "good"}


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ('task = "t"\n', 'task = "t"\n\n[gate]\nchallenges = ["one"]\n'),
        ("[gate]\ndelta = 0.1\n", '[gate]\nchallenges = ["one"]\ndelta = 0.1\n'),
        ('[gate]\nchallenges = ["zero"]\n', '[gate]\nchallenges = ["zero", "one"]\n'),
        ("[gate] # who may pass\ndelta = 0.1\n", '[gate] # who may pass\nchallenges = ["one"]\ndelta = 0.1\n'),
        ('[gate]\nchallenges = [\n  "zero",\n] # all\n', '[gate]\nchallenges = ["zero", "one"] # all\n'),
    ],
)
def test_the_rest_of_book_toml_stays(text: str, there: str, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text("# mine\n" + ('task = "t"\n' if "task" not in text else "") + text, "utf-8")
    book = add_to_gate(open_book(tmp_path), "one")
    assert (tmp_path / "book.toml").read_text("utf-8").endswith(there)
    assert add_to_gate(book, "one") is book


@pytest.mark.parametrize("text", ["gate = { delta = 0.1 }\n", "gate.delta = 0.1\n"])
def test_a_book_toml_that_cannot_be_added_to_stays(text: str, tmp_path: Path) -> None:
    file = tmp_path / "book.toml"
    file.write_text(f'task = "t"\n{text}', "utf-8")
    with pytest.raises(BookError, match=r'challenge\.gate_by_hand(.|\n)*challenges = \["one"\]'):
        add_to_gate(open_book(tmp_path), "one")
    assert file.read_text("utf-8") == f'task = "t"\n{text}'


def test_a_gate_without_a_set_is_looser() -> None:
    assert Gate().looser(Gate(challenges=["base"])) == ["challenges"]
    assert Gate(challenges=["base", "new"]).looser(Gate(challenges=["base"])) == []


def test_files_of_a_test_and_of_the_gate_stand_together(own: Book, tmp_path: Path) -> None:
    freeze_challenges(own, own.runs[-1], "base", margin=0.1, only=["emoji"])
    (tmp_path / "hard.csv").write_text("text,label\na,good\nb,bad\n", encoding="utf-8")
    found = all_challenges(own.path, Gate(challenges=["base"]), [f"{tmp_path / 'hard.csv'}=0.03"])
    assert [(one.path.name, one.margin) for one in found] == [("emoji.jsonl", 0.1), ("hard.csv", 0.03)]
    with pytest.raises(PlanError, match=r"ab\.challenge"):
        all_challenges(own.path, Gate(), ["none.csv"])
