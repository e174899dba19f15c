"""Base models side by side: figures that others find too, a failure that costs one candidate, and no test rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tests.books import Trained
from tunebook.core.errors import DataError, ModelError, PlanError
from tunebook.core.nouns import Interval
from tunebook.core.progress import Silent
from tunebook.verbs import bases as module
from tunebook.verbs.bases import Bases, Candidate, bases, licence
from tunebook.verbs.init import init
from tunebook.verbs.steps.answers import baselines
from tunebook.verbs.steps.book import Book


@pytest.fixture(scope="module")
def folders(base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A base model that lacks most words, and one with a licence."""
    place = tmp_path_factory.mktemp("bases")
    short = small.base_model(place / "short", vocabulary=["the", "great", *(f"unused{n}" for n in range(40))])
    named = small.base_model(place / "named", "roberta")
    (named / "README.md").write_text("---\nlanguage: en\nlicense: 'mit'\ntags: [a]\n---\n# A model\nlicense: none\n")
    return {"short": short, "named": named}


@pytest.fixture(scope="module")
def book(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Book:
    place = tmp_path_factory.mktemp("book")
    return init(place / "book", small.write_csv(place / "rows.csv", 120), model=str(base))


class Watcher(Silent):
    """Counts what is done."""

    done = 0

    def advance(self, amount: int = 1, **figures: float) -> None:
        self.done += amount


def test_candidates_are_compared(book: Book, base: Path, folders: dict[str, Path]) -> None:
    watcher = Watcher()
    names = [str(base), str(folders["short"]), str(folders["named"]), "./nowhere"]
    found = bases(book, names, progress=watcher)
    assert watcher.done == 4
    assert found.rows == (book.data.rows["train"], book.data.rows["validation"])
    assert (found.metric, found.current) == ("accuracy", str(base))
    by_name = {item.model: item for item in found.candidates}
    assert set(by_name) == set(names)
    scores = [item.score.value for item in found.candidates[:3] if item.score]
    assert scores == sorted(scores, reverse=True) and len(scores) == 3
    assert found.candidates[-1].model == "./nowhere"
    assert isinstance(found.candidates[-1].error, ModelError) and found.candidates[-1].score is None
    whole, short = by_name[str(base)], by_name[str(folders["short"])]
    assert whole.unknown_share == 0 and short.unknown_share is not None and short.unknown_share > 0.5
    assert whole.score is not None and whole.score.low < whole.score.value < whole.score.high
    assert whole.bytes == (base / "model.safetensors").stat().st_size
    assert whole.rows_per_second is not None and whole.rows_per_second > 0
    assert whole.tokens_per_character is not None and 0.1 < whole.tokens_per_character < 0.5  # a token a word
    assert (whole.licence, by_name[str(folders["named"])].licence) == ("", "mit")


def test_the_score_is_that_of_the_baseline(book: Book, base: Path) -> None:
    from tunebook.verbs.steps.plan import plan

    told = baselines(plan(book.champion, book.data), book.data, "validation")["frozen_logreg"]
    (found,) = bases(book, [str(base)]).candidates
    assert found.score is not None and found.score.value == pytest.approx(told["accuracy"])


def test_test_rows_are_not_read(book: Book, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tunebook.data.load as source

    stock, read = source.load, []
    monkeypatch.setattr(source, "load", lambda data, split: read.append(split) or stock(data, split))
    assert bases(book, [str(base)]).best is not None
    assert set(read) == {"train", "validation"}


def test_rows_are_drawn_where_there_are_many(book: Book, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TRAIN", 30)
    monkeypatch.setattr(module, "_SCORED", 11)
    assert bases(book, [str(base)]).rows == (30, 11)


def test_those_in_the_box_and_that_of_the_table(book: Book, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUILTIN", {"builtin:one": ("a", "b"), "builtin:two": ("a", "b")})
    found = bases(book)
    assert {item.model for item in found.candidates} == {str(base), "builtin:one", "builtin:two"}
    assert [item.error.code for item in found.candidates if item.error] == ["model.builtin"] * 2


def test_a_task_without_such_a_baseline(trained: Callable[[str], Trained], monkeypatch: pytest.MonkeyPatch) -> None:
    made = trained("classes")
    monkeypatch.setattr("tunebook.tasks.text_classification.TextClassification.probes", ())
    monkeypatch.setattr(module, "_tried", None)  # before any model is loaded
    with pytest.raises(PlanError, match="base_model=MODEL") as caught:
        bases(made.book)
    assert caught.value.code == "bases.task"


@pytest.mark.parametrize("kind", ["numbers", "several"])
def test_other_kinds_of_labels(kind: str, trained: Callable[[str], Trained], base: Path) -> None:
    (found,) = bases(trained(kind).book, [str(base)]).candidates
    assert found.score is not None and found.score.low <= found.score.value <= found.score.high


def test_no_validation_rows(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = book.data.model_copy(update={"rows": {**book.data.rows, "validation": 0}})
    monkeypatch.setitem(book.__dict__, "data", empty)
    with pytest.raises(DataError) as caught:
        bases(book)
    assert caught.value.code == "data.no_split"


def test_who_is_as_good() -> None:
    def scored(name: str, low: float, value: float, high: float) -> Candidate:
        return Candidate(name, Interval(value=value, low=low, high=high))

    ahead = (scored("a", 0.7, 0.8, 0.9), scored("b", 0.6, 0.75, 0.81), scored("c", 0.4, 0.5, 0.79))
    found = Bases("accuracy", (1, 1), "b", (*ahead, Candidate("d")))
    assert found.best == ahead[0] and found.equals == ahead[1:2]
    nothing: Any = Bases("accuracy", (1, 1), "b", (Candidate("d"),))
    assert nothing.best is None and nothing.equals == ()


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("---\nlicense: apache-2.0\n---\n", "apache-2.0"),
        ('---\ntags:\n- x\nlicense: "cc-by-4.0"\nz: 1\n---\ntext', "cc-by-4.0"),
        ("license: mit\n", ""),
        ("---\nlanguage: en\n---\nlicense: mit\n---\n", ""),
        ("---\n- a\n---\n", ""),
        ("---\nlicense: [\n---\n", ""),
        (None, ""),
    ],
)
def test_the_licence_of_a_card(card: str | None, name: str, tmp_path: Path) -> None:
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    assert licence(tmp_path) == name


def test_models_of_vectors_are_compared_as_they_are(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The score is that of a search by sentence-transformers; the folder is seen from the book."""
    import numpy as np
    from sentence_transformers import SentenceTransformer

    import tunebook as tb
    from tests.tasks.embedding.test_passages import file_of
    from tunebook.core.judged import Judged
    from tunebook.data.load import load
    from tunebook.tasks.ranking.scores import ndcg

    options = tb.DataOptions(task="embedding")
    made = tb.init(tmp_path / "book", file_of(tmp_path / "rows.jsonl"), model=base, options=options)
    other = small.base_model(made.path / "inside")
    found = bases(made, [str(base), "inside"])
    assert (found.metric, found.probes) == ("ndcg@10", ("base",))
    rows = load(made.data, "validation")
    assert rows.passages is not None and found.passages == len(rows.passages)
    theirs = SentenceTransformer(str(other))
    scores = theirs.similarity(theirs.encode_query(list(rows.texts)), theirs.encode_document(list(rows.passages)))
    order = np.argsort(-scores.numpy(), axis=1, kind="stable")[:, :100]
    count = len(rows)
    row, value = np.repeat(np.arange(count), order.shape[1]), np.take_along_axis(scores.numpy(), order, 1).ravel()
    answers = Judged(row, order.ravel(), value, count).matrix(np.float32)
    (score,) = (item.score for item in found.candidates if item.model == "inside")
    assert score is not None and score.value == pytest.approx(
        ndcg(answers, rows.targets, made.data.labels).mean(), abs=1e-4
    )
    assert score.low < score.value < score.high
    assert all(item.rows_per_second and item.tokens_per_character for item in found.candidates)
    monkeypatch.setattr(module, "_PASSAGES", 3)
    fewer = bases(made, ["inside"])
    relevant = len(np.unique(Judged.of(rows.targets).passage))
    assert fewer.passages == min(relevant + 3, len(rows.passages)) and fewer.best.score.value >= score.value
