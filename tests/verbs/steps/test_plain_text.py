"""What a model that writes forgets of plain text: its perplexity beside that of its base model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests import small
from tests.verbs.test_chat import written  # noqa: F401 - a fixture
from tunebook.core.errors import BookError
from tunebook.core.lineage import General
from tunebook.core.nouns import Interval
from tunebook.data.load import load
from tunebook.data.raw_text import prepare_raw
from tunebook.engine.load import load_model
from tunebook.report.general import general_rows, verdicts
from tunebook.verbs.steps.book import Book
from tunebook.verbs.steps.general import general, read_general
from tunebook.verbs.steps.plain_text import is_plain, on_text
from tunebook.verbs.steps.runs import Run

Written = tuple[Book, Run]


def text_file(folder: Path, count: int = 40) -> Path:
    path = folder / "plain.txt"
    path.write_text("".join(f"{text}\n" for text, _ in small.texts(count)), encoding="utf-8")
    return path


def test_the_perplexity_is_that_of_all_tokens(written: Written, tmp_path: Path) -> None:  # noqa: F811
    run, file = written[1], text_file(tmp_path)
    assert is_plain(file, run.plan) and not is_plain(tmp_path, run.plan)
    found = on_text(run, file)
    loaded = load_model(run.model, run.plan)
    ids: list[int] = []
    raw = prepare_raw(file, run.book / "cache", task="causal_lm")
    texts = [text for split in ("train", "validation") for text in load(raw, split).texts]  # type: ignore[arg-type]
    assert sorted(texts) == sorted(file.read_text("utf-8").splitlines())
    for text in texts:
        ids += [*loaded.tokenizer(text)["input_ids"], loaded.tokenizer.eos_token_id]
    length, losses = run.plan.params.max_length, []
    for start in range(0, len(ids), length):
        part = torch.tensor([ids[start : start + length]])
        with torch.no_grad():
            logits = loaded.model(part).logits[0, :-1]
        losses.append(torch.nn.functional.cross_entropy(logits, part[0, 1:], reduction="none"))
    expected = float(torch.cat(losses).mean().exp())
    assert found.tuned.value == pytest.approx(expected, rel=1e-4) and found.rows == 40
    assert found.gain.value == pytest.approx(found.tuned.value - found.base.value, rel=1e-6)
    assert found.metric == "perplexity" and found.base.low < found.base.value < found.base.high


def test_a_rise_is_a_loss_and_told_beside_other_sets(written: Written, tmp_path: Path) -> None:  # noqa: F811
    run, file = written[1], text_file(tmp_path)
    assert [item.book for item in general(run, [file])] == ["plain.txt"]
    assert [item.book for item in general(run, [written[0].path])] == ["book"]  # its own test rows are a book's too
    assert {item.metric for item in read_general(run)} == {"perplexity", "log_likelihood"}
    ends = {"lost": (2.0, 3.0), "gained": (-3.0, -2.0), "even": (-1.0, 1.0)}
    one = Interval(value=9.0, low=8.0, high=10.0)
    for outcome, (low, high) in ends.items():
        change = Interval(value=float(np.mean([low, high])), low=low, high=high)
        item = General(
            run="r", book="plain.txt", content="c", rows=9, metric="perplexity", base=one, tuned=one, gain=change
        )
        words = {"lost": "worse", "gained": "better", "even": "chance"}
        assert words[outcome] in verdicts([item])[0] and general_rows([item])[0][0] == "plain.txt"


def test_a_file_is_no_set_for_models_that_say_no_words(
    written: Written,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file, run = text_file(tmp_path), written[1]
    monkeypatch.setattr("tunebook.verbs.steps.general.is_plain", lambda path, plan: False)
    with pytest.raises(BookError, match=r"general\.book"):
        general(run, [file])
