"""The catalogue says what the techniques themselves say, and those of other packages are asked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

import tunebook
from tunebook.core.technique import Technique
from tunebook.tables import catalogue as module
from tunebook.tables import declared
from tunebook.tables.catalogue import FILE, catalogue, entries, page, paragraphs, rivals, to_json


class One(Technique):
    """Plays the loss."""

    key: ClassVar[str] = "one"
    exclusive: ClassVar[str] = "loss"


class Two(Technique):
    """Plays it too."""

    key: ClassVar[str] = "two"
    exclusive: ClassVar[str] = "loss"


class Three(Technique):
    """Cannot stand the first."""

    key: ClassVar[str] = "three"
    conflicts: ClassVar[frozenset[str]] = frozenset({"one"})


def test_who_excludes_whom_is_told_from_both_sides() -> None:
    found = {kind.key: kind for kind in (One, Two, Three)}
    assert rivals(One, found) == ["three", "two"]
    assert rivals(Two, found) == ["one"]
    assert rivals(Three, found) == ["one"]
    made = entries(found)
    assert list(made) == ["one", "three", "two"] and made["one"].excludes == ("three", "two")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_read_is_what_the_techniques_say(
    language: str, monkeypatch: pytest.MonkeyPatch, real_techniques: None
) -> None:
    pytest.importorskip("torch", reason="techniques are read with torch")
    monkeypatch.setenv("TUNEBOOK_LANG", language)
    catalogue.cache_clear()
    read, made = catalogue(), entries(declared.techniques())
    assert list(read) == list(made) == sorted(declared.techniques())
    for key, entry in made.items():
        found = read[key]
        assert (found.told, found.needs, found.excludes) == (entry.told, entry.needs, entry.excludes)
        for row, wanted in zip(found.rows, entry.rows, strict=True):
            same = ("name", "owner", "field", "kind", "default", "choices", "nullable", "bounds", "allowed")
            assert [getattr(row, name) for name in same] == [getattr(wanted, name) for name in same]
            assert type(row.default) is type(wanted.default)
            assert (row.row.text, row.row.zh) == (wanted.row.text, wanted.row.zh)


def test_techniques_of_other_packages_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUNEBOOK_LANG", "zh")
    monkeypatch.setattr(module, "entry_points", lambda group: [SimpleNamespace(group=group)])
    monkeypatch.setattr(declared, "techniques", lambda: {"one": One})
    catalogue.cache_clear()
    try:
        found = catalogue()
        assert list(found) == ["one"] and found["one"].told == ["Plays the loss."], "English where there is no Chinese"
    finally:
        catalogue.cache_clear()


def test_the_file_is_what_they_are_written_as(real_techniques: None) -> None:
    pytest.importorskip("torch", reason="techniques are read with torch")
    file = Path(tunebook.__file__).parent / FILE
    assert file.read_text(encoding="utf-8") == to_json(entries(declared.techniques())), "run: make docs"


@pytest.mark.parametrize(
    ("lines", "whole"),
    [
        ("one\n    two", "one two"),
        ("学习\n    训练", "学习训练"),
        ("学习\n    BERT", "学习 BERT"),
        ("BERT\n    模型", "BERT 模型"),
        ("学习，\n    BERT", "学习，BERT"),
        ("BERT\n    （模型", "BERT（模型"),
        ("模型，\n    训练", "模型，训练"),
        ("模型“\n    A", "模型“A"),
        ("第一句。\n\n    One line\n    and more.\n\n\n    ", "第一句。|One line and more."),
        ("", ""),
    ],
)
def test_lines_are_joined_as_each_script_wants_it(lines: str, whole: str) -> None:
    assert "|".join(paragraphs(lines)) == whole


def test_what_has_no_chinese_is_shown_in_english() -> None:
    assert page("One.\n\nTwo.", "一。\n\n二。", "zh") == ["一。", "二。"]
    assert page("One.\n\nTwo.", "一。", "zh") == ["一。", "Two."]
    assert page("One.\n\nTwo.", "", "zh") == page("One.\n\nTwo.", "一。\n\n二。", "en") == ["One.", "Two."]
