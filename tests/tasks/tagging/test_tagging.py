"""Named entities as a task: it learns them, says them, and is scored by them."""

from __future__ import annotations

from tests import small
from tests.engine.test_fit import plan
from tests.tasks.tagging import made
from tunebook.core.registry import tasks
from tunebook.core.task import Reads
from tunebook.engine.fit import Fit, Material
from tunebook.engine.infer import Inference
from tunebook.engine.load import load_model
from tunebook.engine.tokens import encode
from tunebook.tasks.tagging import Tagging
from tunebook.tasks.tagging.spans import TRUE, Spans


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
