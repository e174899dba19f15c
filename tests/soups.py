"""A small book with runs that can be averaged, and runs made of them that cannot."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests import ab_book, small
from tests.books import QUICK
from tunebook.core.files import content_id
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.train import train

Weights = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Pantry:
    """A book without runs, beside which runs lie that are copied into books of single tests."""

    book: Book
    train: Callable[..., Run]

    def copy(self, folder: Path, *runs: Run) -> tuple[Book, list[Run]]:
        """A book of its own with copies of these runs, in this order."""
        shutil.copytree(self.book.path, folder, ignore=shutil.ignore_patterns("runs"))
        (folder / "runs").mkdir()
        return Book(folder), [Run(Path(shutil.copytree(run.path, folder / "runs" / run.id))) for run in runs]


@pytest.fixture(scope="module")
def pantry(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Pantry:
    folder = tmp_path_factory.mktemp("pantry")
    file = small.write_records(folder / "rows.csv", "classes", 150)
    book = init(folder / "book", file, model=str(base), options=small.options("classes"), owner="Ada")

    @cache
    def trained(seed: int = 1, key: str = "", sure: bool = False) -> Run:
        changed = {**QUICK, **(ab_book.SURE if sure else {}), **({key: "on"} if key else {})}
        table = child(book.champion, changed)
        return train(plan(table, book.data, seed=seed), track=())

    return Pantry(book, trained)


def forged(run: Run, name: str, weights: Callable[[Weights], Weights] | None = None, **changed: Any) -> Run:
    """A copy of a run beside it, with another plan or other weights."""
    from safetensors.numpy import load_file, save_file

    path = Path(shutil.copytree(run.path, run.path.with_name(name)))
    told = json.loads((path / "plan.json").read_text(encoding="utf-8"))
    (path / "plan.json").write_text(json.dumps({**told, **changed}), encoding="utf-8")
    if weights is not None:
        file = path / "model" / "model.safetensors"
        save_file(weights(load_file(file)), file, {"format": "pt"})
    return Run(path)


def ruined(run: Run, name: str = "ruined", loud: int = 1) -> Run:
    """A copy of a run whose head says the contrary, this much louder: the mean of both knows nothing, or worse."""
    return forged(run, name, lambda held: {k: -loud * item if "classifier" in k else item for k, item in held.items()})


def blurred(run: Run, name: str) -> Run:
    """A copy of a run whose weights differ from it by less than changes an answer."""
    draw = np.random.default_rng(0)
    return forged(
        run, name, lambda held: {k: item * (1 + 1e-4 * draw.standard_normal(item.shape)) for k, item in held.items()}
    )


def weights_of(folder: Path) -> Weights:
    from safetensors.numpy import load_file

    return dict(load_file(folder / "model.safetensors"))


def mean_of(parts: list[Weights]) -> Weights:
    """The mean as numpy has it."""
    return {name: np.mean([part[name].astype(np.float64) for part in parts], axis=0) for name in parts[0]}


def state(folder: Path) -> Mapping[str, str]:
    """All files of a folder with the hash of what is in them, without what runs were asked."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "logits.npz"]
    return {str(path.relative_to(folder)): content_id(path.read_bytes().hex()) for path in files}
