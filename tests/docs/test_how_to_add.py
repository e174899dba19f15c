"""What the pages that add something show is run as it stands there, in a package of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests import small

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"


def blocks(page: str, language: str) -> list[str]:
    """The code of a page in a language."""
    text = (PAGES / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def installed(folder: Path, module: str, page: str) -> dict[str, str]:
    """The module of a page as a package with its entry points; the environment in which it is found."""
    code, test = blocks(page, "python")
    (folder / f"{module}.py").write_text(code, encoding="utf-8")
    (folder / f"test_{module}.py").write_text(test, encoding="utf-8")
    facts = folder / "theirs-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    points = tomllib.loads(blocks(page, "toml")[0])["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "\n".join(f"{name} = {at}" for name, at in named.items()) for group, named in points.items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}


def run(environment: dict[str, str], *words: object) -> str:
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def book(tmp_path: Path) -> Path:
    base, rows = small.base_model(tmp_path / "base"), small.write_csv(tmp_path / "rows.csv", 120)
    run(dict(os.environ), "-m", "tunebook", "init", tmp_path / "book", "--data", rows, "--model", base)
    return tmp_path / "book"


def test_the_technique_of_the_page_trains(book: Path, tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    theirs = installed(package, "gradient_centralization", "add-a-technique.md")
    run(theirs, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", package, package)
    quick = ("max_steps=3", "early_stopping_patience=none", "gradient_centralization=on")
    rows = [word for row in quick for word in ("--set", row)]
    run(theirs, "-m", "tunebook", "train", book, *rows, "--no-eval", "--track", "none")
    (outcome,) = (json.loads(path.read_text()) for path in book.glob("runs/*/outcome.json"))
    assert outcome["counters"]["gradient_centralization"]["taken"] > 0
    run(theirs, "-m", "tunebook", "table", "set", book, "gradient_centralization.least=3")
    shown = json.loads(run(theirs, "-m", "tunebook", "table", "show", book, "--table", "latest", "--json"))
    assert shown["rows"]["gradient_centralization.least"]["value"] == 3


def test_the_settings_of_a_page_are_typed(tmp_path: Path) -> None:
    """A slip in the name of a setting is seen before anything runs."""
    code = blocks("add-a-technique.md", "python")[0]
    wrong = code.replace("run.acted(", "run.settings.batch_sise; run.acted(")
    assert wrong != code
    (tmp_path / "wrong.py").write_text(wrong, encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", ROOT / "pyproject.toml", tmp_path / "wrong.py"],
        check=False, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    assert '"Filled" has no attribute "batch_sise"; maybe "batch_size"?' in checked.stdout, checked.stdout


def test_the_task_of_the_page_goes_from_rows_to_answers(tmp_path: Path) -> None:
    package = tmp_path / "package"
    package.mkdir()
    theirs = installed(package, "counts", "add-a-task.md")
    run(theirs, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", package, package)
    base, file, book = small.base_model(tmp_path / "base"), tmp_path / "rows.csv", tmp_path / "book"
    rows = [f"{'room ' * (number % 7 + 1)}{words},{number % 7}" for number, words in enumerate(small.words() * 6)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    told = ("--data", file, "--model", base, "--problem", "counts")
    run(theirs, "-m", "tunebook", "init", book, *told)
    quick = ("max_epochs=4", "learning_rate=1e-2", "early_stopping_patience=none", "precision=fp32")
    sets = [word for row in quick for word in ("--set", row)]
    trained = json.loads(run(theirs, "-m", "tunebook", "train", book, *sets, "--track", "none", "--json"))
    scores = trained["metrics"]
    assert scores["spearman"] > 0.5, scores
    (said,) = map(json.loads, run(theirs, "-m", "tunebook", "predict", book, "room room great", "--json").splitlines())
    assert said["label"] > 0, said
