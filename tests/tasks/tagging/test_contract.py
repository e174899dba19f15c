"""What tagging owes beside what every task does: a folder that plain transformers reads and answers alike, tags that
keep their names, spans of words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small, tiny
from tests.tasks.tagging import made, readers
from tunebook.bundle.spans import SAID, Spans
from tunebook.core.answers import Rows
from tunebook.core.errors import ModelError
from tunebook.core.training import Training
from tunebook.engine.batching import by_length
from tunebook.engine.infer import Inference
from tunebook.tasks.tagging import Tagging

TASK = Tagging()
SHORT = made.rows(60, 5)
ENCODERS = (*tiny.ENCODERS, "xlm-roberta")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@cache
def model(folder, kind):
    """As large as trained ones, so that tags differ by more than rounding."""
    base = small.base_model(folder / kind, kind)
    torch.manual_seed(1)
    found = TASK.build(base, made.LABELS, Training(dropout=0.0, attention_dropout=0.0)).eval()
    with torch.no_grad():
        for parameter in found.parameters():
            parameter.mul_(4 if parameter.dim() > 1 else 1)
        found.classifier.bias.copy_(torch.tensor([0.3, 0.5, -0.5, 0.5, -0.5]))
    return found


@pytest.mark.parametrize("kind", ENCODERS)
def test_plain_transformers_find_the_same_entities(folder, kind, tmp_path):
    """A pipeline gives the same spans with the same scores in all rows but those that are said to be read otherwise."""
    from transformers import pipeline

    net, tokenizer = model(folder, kind), small.tokenizer()
    net.save_pretrained(str(tmp_path))
    tokenizer.save_pretrained(str(tmp_path))
    find = pipeline("token-classification", str(tmp_path), aggregation_strategy="simple", device="cpu")
    encoded = TASK.encode(SHORT, tokenizer, 40)
    own = TASK.load(tmp_path).eval()
    answers = Inference(TASK, 0, batch_size=1).run(own, encoded).logits
    said = TASK.say(answers, SHORT, made.LABELS)
    otherwise = Spans.of(answers, SAID).read[:, 2:].any(axis=1)
    for row in np.flatnonzero(~otherwise):
        found = [(one["start"], one["end"], one["entity_group"], float(one["score"])) for one in find(SHORT.texts[row])]
        mine = [(one["start"], one["end"], one["label"], one["score"]) for one in said[row]["spans"]]
        assert [one[:3] for one in found] == [one[:3] for one in mine]
        assert [one[3] for one in found] == pytest.approx([one[3] for one in mine], rel=1e-4)
    assert otherwise.sum() < len(SHORT)


@pytest.mark.parametrize("kind", readers.KINDS)
def test_rows_that_a_pipeline_reads_otherwise_are_known(kind):
    """Tokens that share a character, blanks of their own, tags that make no sense: what differs is counted."""
    from transformers import AutoModelForTokenClassification, pipeline

    torch.manual_seed(3)
    tokenizer, config = readers.tokenizer(kind), tiny.config("bert", 5)
    config.vocab_size, config.max_position_embeddings = 400, 200
    config.id2label = dict(enumerate(["O", "B-good", "I-good", "B-bad", "I-bad"]))
    net = AutoModelForTokenClassification.from_config(config).eval()
    with torch.no_grad():
        net.classifier.weight.mul_(8)
        net.classifier.bias.copy_(torch.tensor([2.5, 1.5, 0.5, 1.5, 0.5]))
    found = pipeline("token-classification", model=net, tokenizer=tokenizer, aggregation_strategy="simple")
    plain = [readers.TEXTS[place] for place in (0, 1, 2, 4, 5)]  # a pipeline leaves marks out that belong to a letter
    parts = [text[start : start + 4] for text in plain for start in range(0, len(text), 4)]
    rows = Rows(parts, None, None, parts)
    answers = Inference(TASK, 1, batch_size=7).run(net, TASK.encode(rows, tokenizer, 150)).logits
    otherwise = Spans.of(answers, SAID).read[:, 2:].any(axis=1)
    alike = []
    for text, answer in zip(parts, TASK.say(answers, rows, made.LABELS), strict=True):
        theirs = []
        for one in found(text):
            said = text[one["start"] : one["end"]]
            start, end = one["start"] + len(said) - len(said.lstrip()), one["end"] - len(said) + len(said.rstrip())
            theirs.append((start, end, one["entity_group"]))
        alike.append(theirs == [(one["start"], one["end"], one["label"]) for one in answer["spans"]])
    assert all(same or other for same, other in zip(alike, otherwise, strict=True))
    assert 0 < otherwise.sum() < len(parts) and not all(alike)


def test_a_head_takes_up_tags_of_the_same_name(tmp_path):
    base = small.base_model(tmp_path / "base")
    first = TASK.build(base, made.LABELS, Training())
    first.save_pretrained(str(tmp_path / "first"))
    more = made.LABELS.model_copy(update={"names": ["so", "bad", "good"]})
    second = TASK.build(tmp_path / "first", more, Training())
    for tag in ("O", "B-good", "I-bad"):
        old, new = first.config.label2id[tag], second.config.label2id[tag]
        assert torch.equal(first.classifier.weight[old], second.classifier.weight[new])
    assert second.classifier.weight.shape[0] == 7
    skeleton = TASK.skeleton(base, more, Training())
    assert {name: item.shape for name, item in skeleton.state_dict().items()} == {
        name: item.shape for name, item in second.state_dict().items()
    }


def test_what_is_no_model_is_refused(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "nothing"}')
    for build in (TASK.build, TASK.skeleton):
        with pytest.raises(ModelError) as error:
            build(tmp_path, made.LABELS, {})
        assert error.value.code == "model.head"


def test_answers_agree_with_targets():
    rows = made.rows(12, 3)
    spans = TASK.true(rows.targets, rows, made.LABELS)
    places = [[(s["start"], s["end"], made.LABELS.names.index(s["label"])) for s in row] for row in spans]
    answers = made.answers(places)
    scores = TASK.scores(answers, rows.targets, made.LABELS)
    assert set(scores.values()) == {1.0}
    shifted = TASK.scores(np.roll(answers, 1, axis=0), rows.targets, made.LABELS)
    assert shifted["span_f1"] < 1
    said = TASK.say(answers, rows, made.LABELS)
    assert [[{k: v for k, v in s.items() if k != "score"} for s in row["spans"]] for row in said] == spans


def test_types_keep_their_names_where_their_numbers_change():
    answers = made.answers([[(0, 2, 0), (3, 5, 1)], [(1, 2, 1)]], 0.5)
    new = made.LABELS.model_copy(update={"names": ["more", "bad"]})
    expected = made.answers([[(3, 5, 1)], [(1, 2, 1)]], 0.5)
    np.testing.assert_array_equal(TASK.renamed(answers, made.LABELS, new), expected)
    np.testing.assert_array_equal(TASK.mean([answers] * 3, made.LABELS), answers)


def test_long_rows_are_read_few_at_a_time(folder):
    """A batch has about as many windows as it is told, however many a row has."""
    rows = made.rows(6, 8, repeat=12)
    encoded = TASK.encode(rows, small.tokenizer(), 14)
    windows = TASK.lines(encoded)
    assert windows.tolist() == [len(TASK.collate(encoded, [row], 0)["input_ids"]) for row in range(6)]
    batches = by_length(encoded.lengths, windows, 8)
    assert sorted(np.concatenate(batches).tolist()) == list(range(6)) and len(batches) > 1
    assert all(windows[batch][:-1].sum() < 8 for batch in batches)
    net = model(folder, "bert")
    few, many = (Inference(TASK, 0, batch_size=size).run(net, encoded).logits for size in (8, 500))
    np.testing.assert_allclose(few, many, atol=1e-4)


def test_a_test_watches_types_and_what_changes():
    targets = made.targets([[(0, 2, 0), (3, 5, 0)], [(1, 2, 1)]])
    one, two = made.answers([[(0, 2, 0)], [(1, 2, 1)]], 0.9), made.answers([[(0, 2, 0)], [(1, 2, 0)]], 0.4)
    assert TASK.present(targets, made.LABELS).tolist() == [[2, 0], [0, 1]]
    assert TASK.found(one, targets, made.LABELS).tolist() == [[1, 0], [0, 1]]
    assert TASK.found(two, targets, made.LABELS).tolist() == [[1, 0], [0, 0]]
    same = (TASK.decided(one, made.LABELS) == TASK.decided(two, made.LABELS)).all(axis=1)
    assert same.tolist() == [True, False]


def test_rows_that_are_words_have_spans_of_words(folder):
    """Whatever a model says of single tokens, spans begin and end with words."""
    texts = ["very sadly-broken perfect-room", "goodness of the hotel"]
    words = [np.array([(0, 4), (5, 17), (18, 30)]), np.array([(0, 8), (9, 11), (12, 15), (16, 21)])]
    rows = Rows(texts, None, None, texts, words=words)
    encoded = TASK.encode(rows, small.tokenizer(), 14)
    found = Spans.of(Inference(TASK, 0).run(model(folder, "bert"), encoded).logits, SAID)
    borders = [({start for start, _ in places.tolist()}, {end for _, end in places.tolist()}) for places in words]
    assert len(found.row) > 1
    for row, start, end in zip(found.row, found.start, found.end, strict=True):
        assert start in borders[row][0] and end in borders[row][1]
