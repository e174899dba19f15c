"""Texts with a class: their loss, the draw of fellows, the classes of neighbours, and a book of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.tasks.embedding.made import Vectors
from tunebook.core.answers import Rows
from tunebook.core.errors import DataError, PlanError
from tunebook.core.nouns import Labels
from tunebook.core.registry import tasks
from tunebook.nets.candidates import PLACE
from tunebook.nets.contrast import apart, contrastive_classes, same_class, supervised
from tunebook.tables.make import child
from tunebook.tasks.embedding.batches import ROW
from tunebook.tasks.embedding.classes import class_loss, mated
from tunebook.tasks.embedding.loss import Shape
from tunebook.tasks.embedding.neighbours import SCALE, class_scores, itself
from tunebook.tasks.embedding.rows import EmbeddingRows

TASK: Any = tasks()["embedding"]()


def batch_of() -> tuple[Vectors, dict[str, torch.Tensor]]:
    """Three rows with a fellow each and one that is alone."""
    torch.manual_seed(1)
    row = torch.tensor([0, 0, 1, 1, 2, 2, 3])
    labels, place = torch.tensor([0, 0, 1, 1, 0, 0, 2]), torch.tensor([-1, 0, -1, 0, -1, 0, -1])
    return Vectors(torch.randn(7, 5)), {PLACE: place, ROW: row, "labels": labels}


@pytest.mark.parametrize(
    ("loss", "one"),
    [
        ("supcon", lambda cosines, same: supervised(7 * cosines, same)),
        ("auto", lambda cosines, same: supervised(7 * cosines, same)),
        ("in_batch", lambda cosines, same: apart(7 * cosines, same)),
        ("contrastive", lambda cosines, same: contrastive_classes(cosines, same, 0.5)),
    ],
)
def test_each_row_counts_by_its_weight_whatever_its_texts(loss: Any, one: Any) -> None:
    model, batch = batch_of()
    criterion = class_loss(EmbeddingRows(loss=loss, scale=7.0), Shape())
    unit = torch.nn.functional.normalize(model.vectors.detach(), dim=1)
    each = one(unit @ unit.T, same_class(batch["labels"]))
    weights = torch.tensor([0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 1.0])
    found = criterion.loss(model, batch)[0]
    assert found.item() == pytest.approx(float((each * weights).sum() / 4), rel=1e-6)
    weighed = {**batch, "sample_weight": torch.tensor([2.0, 2, 1, 1, 0, 0, 1])}
    weights = weights * weighed["sample_weight"]
    assert float(criterion.items(weighed)) == 4
    assert criterion.loss(model, weighed)[0].item() == pytest.approx(float((each * weights).sum() / 4), rel=1e-6)
    items = criterion.flat(model(), batch)
    assert items.logits.shape == (7, 7) and items.targets is batch["labels"]


def test_fellows_are_others_of_the_class_and_drawn_anew(tmp_path: Path) -> None:
    from tunebook.models.source import load_tokenizer

    tokenizer = load_tokenizer(small.base_model(tmp_path))
    texts = ["the room", "a hotel was great", "it was slow", "we found it", "the food was plain and slow", "sad"]
    labels = np.array([4, 1, 1, 4, 1, 0])
    alone = TASK.encode(Rows(texts, None, labels, list("abcdef")), tokenizer, 16)
    words = [alone.take([place]).flat["input_ids"].tolist() for place in range(6)]
    met: dict[int, set[int]] = {place: set() for place in range(6)}
    for seed in range(20):
        found = mated(alone, (seed, 1))
        assert len(found) == 6 and TASK.lines(found).tolist() == [2, 2, 2, 2, 2, 1]
        for place in range(6):
            row = found.take([place])
            own = row.flat["input_ids"][row.flat[PLACE] < 0].tolist()
            mate = row.flat["input_ids"][row.flat[PLACE] == 0].tolist()
            assert own == words[place]
            met[place] |= {words.index(mate)} if mate else set()
    assert met == {0: {3}, 3: {0}, 1: {2, 4}, 2: {1, 4}, 4: {1, 2}, 5: set()}
    again = mated(alone, (3, 1))
    assert all((again.flat[name] == mated(alone, (3, 1)).flat[name]).all() for name in again.flat)
    pairs = Labels(problem="regression", low=0, high=1)
    assert TASK.mated(alone, pairs, (1,)) is alone and len(TASK.mated(alone, CLASSES, (1,)).flat[PLACE]) > len(
        alone.flat[PLACE]
    )


CLASSES = Labels(problem="single_label", names=["a", "b", "c", "d", "e"])


def test_scores_are_those_of_the_nearest_text_of_each_class(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(3)
    asked, known = draw.normal(size=(5, 4)), draw.normal(size=(9, 4))
    classes, own = np.array([2, 0, 2, 2, 3, 0, 2, 3, 0]), np.array([1, -1, 4, -1, 8])
    unit = [one / np.linalg.norm(one, axis=1, keepdims=True) for one in (asked, known)]
    cosines = unit[0] @ unit[1].T
    for block in (1 << 24, 10):
        monkeypatch.setattr("tunebook.tasks.embedding.neighbours._BLOCK", block)
        for given in (None, own):
            found = class_scores(asked, known, classes, 5, given)
            for line in range(5):
                for kind in range(5):
                    near = [cosines[line, at] for at in range(9) if classes[at] == kind]
                    near = [
                        cosines[line, at]
                        for at in range(9)
                        if classes[at] == kind and (given is None or at != given[line])
                    ]
                    assert found[line, kind] == pytest.approx(SCALE * max(near, default=-1), abs=1e-4)
    assert class_scores(asked[:0], known, classes, 5).shape == (0, 5)
    assert itself(["a", "b", "c"], ["c", "x", "a"]).tolist() == [2, -1, 0]


def test_a_look_leaves_each_text_out_itself() -> None:
    from tunebook.core.encoded import Encoded

    vectors = np.eye(3, dtype=np.float32)[[0, 0, 1, 1, 2]] + 0.01
    encoded = Encoded({}, np.zeros(6, dtype=np.int64), {"labels": np.array([0, 1, 2, 2, 0])})
    found = TASK.gathered(vectors, encoded)
    assert found.shape == (5, 3) and found.argmax(1)[:4].tolist() == [1, 0, 2, 2]


def test_a_look_asks_the_texts_beside_the_rows() -> None:
    from tunebook.core.encoded import Encoded

    encoded = Encoded({}, np.zeros(3, dtype=np.int64), {"labels": np.array([0, 3])})
    others = np.array([2, 0, 3]), np.eye(3, dtype=np.float32)
    found = TASK.gathered(np.array([[0.1, 1, 0], [0, 0.2, 1]], dtype=np.float32), encoded, others)
    assert found.shape == (2, 4) and found.argmax(1).tolist() == [0, 3], "not each other, though both are near"


def test_looks_answer_as_afterwards_where_a_row_is_alone_of_its_class(tmp_path: Path) -> None:
    import tunebook as tb

    words = small.words()
    lines = [f"{words[kind]} {words[12 + row]},{words[kind]}" for row in range(6) for kind in range(10)]
    file = tmp_path / "rows.csv"
    file.write_text("\n".join(["text,label", *lines]) + "\n")
    options = tb.DataOptions(task="embedding", problem="single_label")
    book = tb.init(tmp_path / "book", file, model=small.base_model(tmp_path / "base"), options=options)
    run = tb.train(tb.plan(child(book.champion, {"max_steps": "2", "eval_every": "2"}), book.data))
    report = tb.evaluate(run, split="validation", with_baselines=False)
    assert report.rows < 15, "some classes have a single row, of which no other validation row is like it"
    assert run.validation_scores["accuracy"] == pytest.approx(report.metrics["accuracy"])
    assert report.metrics["accuracy"] > 0.5


def test_training_texts_that_looks_search() -> None:
    from tunebook.verbs.steps.looked_in import looked_in

    train = Rows(list("abcd"), None, np.array([0, 1, 1, 0]), list("1234"))
    seen = Rows(list("ABCD"), None, train.targets, train.ids)
    asked = Rows(["c", "e"], None, np.array([1, 0]), list("12"))
    found = looked_in((train, asked), (seen, asked))
    assert found is not None and found[0].tolist() == [0, 1, 0] and found[1] == ["A", "B", "D"]
    assert looked_in((train, train), (seen, train)) is None


def test_a_text_matches_where_its_nearest_one_is_of_its_class() -> None:
    answers = np.array([[4.0, 8, 0, 0, 0], [18, 2, 0, 0, 0]], dtype=np.float32)
    found = TASK.hits(answers, np.array([1, 1]), CLASSES, TASK.matches_from(CLASSES))
    assert found.score.tolist() == pytest.approx([0.4, 0.9]) and found.right.tolist() == [True, False]
    assert found.matches == 1 and found.rows == 2


def test_texts_of_one_class_are_those_that_belong_together() -> None:
    asked: list[list[str]] = []

    def vectors(texts: Any) -> Any:
        asked.append(list(texts))
        return np.eye(6)[[ord(text) - ord("a") for text in texts]]

    rows = Rows(list("abcdef"), None, np.array([2, 0, 2, 1, 0, 2]), list("123456"))
    found = TASK.space(rows, CLASSES, vectors)
    assert asked[:2] == [["b", "a", "c"], ["e", "c", "f"]]
    assert found["alignment"] == pytest.approx(2) and set(found) == {"alignment", "uniformity"}


def test_a_book_of_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the file to answers: neighbours among the training rows, cheap models beside it, and what is refused."""
    from sentence_transformers import SentenceTransformer

    import tunebook as tb
    from tunebook.data.frozen import prepared_data
    from tunebook.data.load import load
    from tunebook.engine.load import load_model

    base = small.base_model(tmp_path / "base")
    file = small.write_records(tmp_path / "rows.csv", "binary", 90)
    options = small.options("binary").model_copy(update={"task": "embedding"})
    book = tb.init(tmp_path / "book", file, model=base, options=options)
    assert (book.data.task, book.data.labels.problem) == ("embedding", "single_label")
    plan = tb.plan(child(book.champion, {"max_steps": "3", "batch_size": "8", "learning_rate": "1e-3"}), book.data)
    assert plan.params.more(EmbeddingRows).loss == "supcon"
    run = tb.train(plan)
    report = tb.evaluate(run, split="test")
    assert "accuracy" in report.intervals and set(report.baselines) == {"tfidf", "base"} and report.confusion
    best = max(scores["accuracy"] for scores in report.baselines.values())
    assert report.ahead is not None and report.ahead.value == pytest.approx(report.metrics["accuracy"] - best)
    assert report.ahead.low < report.ahead.value < report.ahead.high
    train, test = (load(prepared_data(plan), split) for split in ("train", "test"))
    theirs = SentenceTransformer(str(run.path / "model"))
    near = theirs.similarity(theirs.encode_query(test.texts), theirs.encode_document(train.texts)).argmax(1).numpy()
    said = tb.predict(run, test.texts)
    assert [one["label"] for one in said] == [plan.labels.names[train.targets[place]] for place in near]
    assert all(sum(one["scores"].values()) == pytest.approx(1) for one in said)
    model, read = load_model(run.model, run.plan), []
    monkeypatch.setattr("tunebook.data.load.load", lambda *given: read.append(given) or train)
    first, again = (model.logits(test) for _ in range(2))
    assert (first == again).all() and len(read) == 1, "training rows are read once for all that is asked"
    monkeypatch.undo()
    for change, code in (
        ({"gradient_accumulation_steps": "2"}, "plan.whole"),
        ({"embedding.loss": "cosent"}, "embedding.loss"),
        ({"label_smoothing": "0.1"}, "plan.numbers"),
        ({"candidates": "on"}, "losses.problem"),
    ):
        with pytest.raises(PlanError) as caught:
            tb.plan(child(book.champion, change), book.data)
        assert caught.value.code == code and "numbers" not in caught.value.message


def test_pairs_with_classes_are_refused(tmp_path: Path) -> None:
    import tunebook as tb

    file = small.write_records(tmp_path / "rows.csv", "pairs", 60)
    options = small.options("pairs").model_copy(update={"task": "embedding", "problem": None})
    with pytest.raises(DataError) as caught:
        tb.init(tmp_path / "book", file, model=small.base_model(tmp_path / "base"), options=options)
    assert caught.value.code == "data.pair_classes"
