"""The command line of a bundle."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tunebook.bundle import answer
from tunebook.bundle.manifest import file_hash


class Told:
    def predict(self, texts: list[str], pairs: list[str] | None, top_k: int | None) -> list[dict[str, Any]]:
        return [{"text": text, "pairs": pairs, "top_k": top_k} for text in texts]


def test_texts_come_from_the_command_or_line_by_line(monkeypatch, capsys):
    monkeypatch.setattr(answer, "open_bundle", lambda folder, threads: Told())
    assert answer.main(Path(), ["a", "--pair", "b", "--top-k", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == {"text": "a", "pairs": ["b"], "top_k": 2}
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\r\n"))
    assert answer.main(Path(), []) == 0
    assert [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()] == ["one", "two"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nobody_is_left_before_an_empty_line(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal())
    assert answer.main(Path(), []) == 2
    assert "texts to answer" in capsys.readouterr().err


def test_answers_are_utf_8_on_any_machine(monkeypatch):
    given, said = io.TextIOWrapper(io.BytesIO("房间\n".encode() + b"\xff\n"), "ascii"), io.BytesIO()
    monkeypatch.setattr(answer, "open_bundle", lambda folder, threads: Told())
    monkeypatch.setattr("sys.stdin", given)
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(said, "cp1252"))
    assert answer.main(Path(), []) == 0
    answer.sys.stdout.flush()
    assert [json.loads(line)["text"] for line in said.getvalue().decode().splitlines()] == ["房间", "\ufffd"]


def test_who_has_read_enough_is_not_told_of_it(monkeypatch, tmp_path):
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setattr(answer, "open_bundle", lambda folder, threads: Told())
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert answer.main(Path(), ["a"]) == 0
        monkeypatch.undo()


def test_what_is_wrong_is_said(tmp_path, capsys):
    assert answer.main(tmp_path, ["a"]) == 2
    assert "bundle.missing" in capsys.readouterr().err


def test_the_hash_of_a_file(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a").startswith("ba7816bf")
    with pytest.raises(OSError):
        file_hash(tmp_path / "b")
