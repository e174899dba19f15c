"""A list of texts for each class, and what looks alike and is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests import small

from tunebook.data.exports import find_format
from tunebook.data.files import members
from tunebook.data.load import load_table
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.preview import Preview


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def texts(label: str) -> list[str]:
    return [text for text, kind in small.texts(120) if kind == label]


def test_each_list_is_a_class(tmp_path: Path) -> None:
    content = {"good": texts("good")[:40], "bad": texts("bad")[:35]}
    ref = prepare([write(tmp_path / "x.json", content)], tmp_path / "data")
    assert sum(ref.rows.values()) == 75 and set(ref.labels.names) == {"good", "bad"}
    assert (ref.roles.text, ref.roles.label) == ("text", "label")
    rows = load_table(ref)
    found = dict(zip(rows["text"].to_pylist(), rows["label"].to_pylist(), strict=True))
    assert found == {text: name for name, texts in content.items() for text in texts}


@pytest.mark.parametrize(
    "content",
    [
        {"good": ["one", "two"], "bad": ["three", "four"]},  # of one length: columns
        {"text": ["one", "two"], "label": ["a"]},  # a damaged table
        {"train": ["one", "two"], "test": ["three"]},  # splits without labels
        {"good": ["one", 2], "bad": ["three"]},
        {"good": ["one", "two"], "bad": "three"},
        {"good": ["one"], "version": 3},
        ["one", "two"],
        {},
    ],
)
def test_what_is_none(content: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", content)
    found = find_format(Preview(path, members(path), DataOptions()))
    assert found is None or found.key != "classes"


def test_broken_json_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"good": ["one", "two"], "bad": ["thr')
    found = find_format(Preview(path, members(path), DataOptions()))
    assert found is None or found.key != "classes"
