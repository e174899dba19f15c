"""A small book with one run, made once by the command line itself; and a way to call commands."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import small
from tests.books import base, proven, proven_path

from tunebook.cli import main
from tunebook.cli import streams as patience

EPOCHS = ("--set", "max_epochs=8", "--set", "learning_rate=0.005", "--track", "none")


@dataclass(frozen=True)
class Result:
    """What a command gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The last line of stdout."""
        return json.loads(self.out.strip().splitlines()[-1])

    @property
    def lines(self) -> list[Any]:
        """Every line of stdout as JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


Call = Callable[..., Result]


@pytest.fixture
def tunebook(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Run a command in this process."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(patience, "SECONDS", 1000.0)  # a slow machine says no more than a quick one

    def call(*words: object) -> Result:
        capsys.readouterr()
        code = main([str(word) for word in words])
        found = capsys.readouterr()
        return Result(code, found.out, found.err)

    return call


def shell(*words: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    environment = {**os.environ, "TUNEBOOK_LANG": "en", **more.pop("env", {})}
    command = [sys.executable, "-c", "import sys; from tunebook.cli import main; sys.exit(main())", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, **more)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base model."""
    return small.base_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="session")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 rows of two classes."""
    return small.write_csv(tmp_path_factory.mktemp("data") / "rows.csv", 200)


@pytest.fixture(scope="session")
def fresh(model: Path, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book without runs; tests must not change it."""
    book = tmp_path_factory.mktemp("fresh") / "book"
    assert main(["init", str(book), "--data", str(rows), "--model", str(model)]) == 0
    return book


@pytest.fixture(scope="session")
def book(model: Path, rows: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book with a run, trained and evaluated; tests must not change it."""
    book = tmp_path_factory.mktemp("trained") / "book"
    assert main(["init", str(book), "--data", str(rows), "--model", str(model)]) == 0
    assert main(["train", str(book), *EPOCHS]) == 0
    return book


@pytest.fixture(scope="module")
def lent(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of that book for the tests of one file, whose commands write into it."""
    return shutil.copytree(book, tmp_path_factory.mktemp("lent") / "book")


__all__ = ["base", "proven", "proven_path"]
