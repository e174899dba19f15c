"""Named entities as a task: it learns them, says them, and is scored by them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import small
from tests.engine.test_fit import plan
from tests.tasks.tagging import made, readers
from tunebook.bundle.pieces import END, FIRST, PART, START
from tunebook.bundle.spans import TRUE, Spans
from tunebook.core.registry import tasks
from tunebook.core.task import Reads, Rows
from tunebook.engine.fit import Fit
from tunebook.engine.infer import Inference
from tunebook.engine.load import load_model
from tunebook.engine.material import Material
from tunebook.engine.tokens import encode
from tunebook.tasks.tagging import Tagging


def test_it_learns_spans(tmp_path):
    """Trained by the engine, kept, read again: the spans of other texts are found, in windows too."""
    task = tasks()["tagging"]()
    assert isinstance(task, Tagging) and isinstance(task, Reads)
    base, tokenizer = small.base_model(tmp_path / "base"), small.tokenizer()
    train, validation = (encode(made.rows(count, seed), task, tokenizer, 20) for count, seed in ((200, 0), (60, 1)))
    settings = plan(max_epochs=8, learning_rate=1e-2, metric="span_f1", dropout=0.0)
    settings = settings.model_copy(update={"task": "tagging", "labels": made.LABELS})
    (tmp_path / "run").mkdir()
    Fit(settings, Material(base, tokenizer, train, validation), tmp_path / "run").run()
    model = load_model(tmp_path / "run", settings) if False else task.load(tmp_path / "run" / "model")
    assert list(model.config.id2label.values()) == ["O", "B-good", "I-good", "B-bad", "I-bad"]
    for rows, length in ((made.rows(50, 2), 20), (made.rows(20, 3, repeat=8), 20)):
        tokens = encode(rows, task, tokenizer, length)
        found = Inference(task, 0, batch_size=7).run(model, tokens).logits
        scores = task.scores(found, rows.targets, made.LABELS)
        assert scores["span_f1"] > 0.97
        said = task.say(found, rows, made.LABELS)
        assert all(
            text[span["start"] : span["end"]].split()[-1] in small._WORDS[span["label"]]
            for text, row in zip(rows.texts, said, strict=True)
            for span in row["spans"]
            if span["score"] > 0.9
        )
        true = Spans.of(rows.targets, TRUE)
        assert len(true.row) > 50 and task.true(rows.targets, rows, made.LABELS)[0][0]["start"] == true.start[0]


@pytest.mark.parametrize("kind", readers.KINDS)
def test_places_that_no_token_reaches_are_counted(kind):
    """By hand: of each token the place is known, and a span can be said if it begins and ends where one does."""
    task, reader = Tagging(), readers.tokenizer(kind)
    text = "Anna Müller met Bob-Lee in New York"
    spans = [(0, 4, 0), (5, 11, 0), (12, 14, 0), (16, 23, 1), (27, 35, 1)]
    probe = task.encode(Rows([text], None, None, ["a"]), reader, 512)
    first = probe.flat[PART] == FIRST
    starts, ends = (set(probe.flat[name][first].tolist()) for name in (START, END))
    lost = sum(start not in starts or end not in ends for start, end, _ in spans)
    rows = Rows([text, text], None, made.targets([spans, []]), ["a", "b"])
    assert task.unsaid(task.encode(rows, reader, 512)) == lost
    words = [np.array([(0, 4), (5, 11), (12, 15), (16, 23), (24, 26), (27, 30), (31, 35)])] * 2
    assert task.unsaid(task.encode(replace(rows, words=words), reader, 512)) == 1, "the one that ends inside a word"


def test_a_training_notes_them(tmp_path):
    task, base = Tagging(), small.base_model(tmp_path / "base")
    texts = [text for text, _ in small.texts(12)]
    rows = Rows(texts, None, made.targets([[(0, 1, 0)]] * 6 + [[]] * 6), texts)  # of words of a sign and of more
    encoded = encode(rows, task, small.tokenizer(), 20)
    longer = sum(text[1] != " " for text in texts[:6])
    settings = plan(metric="span_f1").model_copy(update={"task": "tagging", "labels": made.LABELS})
    (tmp_path / "run").mkdir()
    noted = Fit(settings, Material(base, small.tokenizer(), encoded, encoded), tmp_path / "run").context.counters
    assert longer and noted == {"tagging": {"unsaid": 2 * longer}}
