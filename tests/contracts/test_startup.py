"""What a command may import: seconds of silence come back by one line at the top of a file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import small
from tunebook.cli import main

_HEAVY = ("torch", "transformers", "sklearn", "matplotlib")
_CODE = """
import sys
from tunebook.cli import main
code = main({words!r})
found = [name for name in {heavy!r} if name in sys.modules]
sys.exit(f"imported {{found}}" if found else code)
"""


def fault(*words: object, heavy: tuple[str, ...] = _HEAVY) -> str:
    """What a command said that failed, or imported what is too heavy for it; empty where it did neither."""
    code = _CODE.format(words=[str(word) for word in words], heavy=heavy)
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    return done.stderr or f"exit {done.returncode}" if done.returncode else ""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("startup")
    base, rows = small.base_model(folder / "base"), small.write_csv(folder / "rows.csv", 120)
    assert not fault("init", folder / "book", "--data", rows, "--model", base)
    return folder / "book"


def test_init_needs_no_torch(book: Path) -> None:
    assert (book / "book.toml").is_file()


@pytest.mark.parametrize(
    "words",
    [("check",), ("runs",), ("table", "show"), ("table", "log"), ("table", "set", "learning_rate=2e-5")],
    ids=" ".join,
)
def test_what_needs_no_torch(book: Path, words: tuple[str, ...]) -> None:
    names = [word for word in words if "=" not in word]
    assert not fault(*names, book, *[word for word in words if "=" in word])


def test_a_plan_whose_technique_changes_the_model_needs_torch_once(book: Path) -> None:
    assert main(["table", "set", str(book), "head_start=on", "--note", "few rows"]) == 0
    words = ("check", str(book), "--table", "latest")
    assert main([*words]) == 0
    assert not fault(*words)


def test_a_list_of_runs_needs_no_records_and_no_numbers(book: Path) -> None:
    run = book / "runs" / "20260101-000000-0123456789ab"
    run.mkdir(parents=True)
    (run / "plan.json").write_text("{")
    assert not fault("runs", book)  # what is damaged is read each time
    shutil.rmtree(run)
    assert not fault("runs", book, heavy=(*_HEAVY, "numpy", "pyarrow", "pydantic", "filelock"))


def test_a_soup_that_was_cooked_before_needs_no_torch(book: Path) -> None:
    quick = ("max_epochs=1", "early_stopping_patience=none", "learning_rate=1e-2")
    rows = [word for row in quick for word in ("--set", row)]
    for seed in (1, 2):
        assert main(["train", str(book), *rows, "--set", f"seed={seed}", "--no-eval", "--track", "none"]) == 0
    soup = ("soup", str(book), "--method", "uniform")
    assert main([*soup]) == 0
    assert not fault(*soup)


@pytest.mark.parametrize("words", [(), ("layer_decay",), ("--json",)], ids=str)
def test_techniques_are_listed_without_them(words: tuple[str, ...]) -> None:
    assert not fault("techniques", *words, heavy=(*_HEAVY, "numpy", "pyarrow"))


def test_help_needs_nothing() -> None:
    assert not fault("train", "--help", heavy=(*_HEAVY, "numpy", "pyarrow"))


def test_a_process_of_its_own_looks_rarely_for_garbage_and_not_at_its_end() -> None:
    code = (
        "import gc, sys; from tunebook.cli import main; usual = gc.get_threshold();"
        "main(['--version']); assert gc.get_threshold() == usual and not gc.get_freeze_count();"
        "sys.argv = ['tunebook', '--version']; main();"
        "assert gc.get_threshold() != usual and gc.get_freeze_count() > 1000 and gc.isenabled()"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("key", ["single_label", "multi_label", "ordinal", "regression"])
def test_the_kind_of_what_a_model_answers_needs_no_arrow(key: str) -> None:
    code = f"import sys; from tunebook.core.kind import kind_of; kind_of({key!r}); sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
