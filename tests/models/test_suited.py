"""Base models that a task cannot use are told before their tokenizer reads a row."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import instructions, small
from tunebook.core.errors import ModelError
from tunebook.data.options import DataOptions
from tunebook.models import suited
from tunebook.models.suited import READS_AND_WRITES, WRITES, refuse_unsuited
from tunebook.tables.make import child
from tunebook.verbs.init import init
from tunebook.verbs.steps.plan import plan


def folder_of(path: Path, **config: object) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("auto", "config", "code"),
    [
        (WRITES, {"model_type": "llama"}, None),
        (WRITES, {"model_type": "gemma3_text"}, None),
        (WRITES, {"model_type": "bert", "is_decoder": True}, None),
        (WRITES, {"model_type": "bert"}, "model.no_writer"),
        (WRITES, {"model_type": "xlm-roberta"}, "model.no_writer"),
        (WRITES, {"model_type": "distilbert"}, "model.no_writer"),
        (WRITES, {"model_type": "t5"}, "model.no_writer"),
        (WRITES, {"model_type": "bart", "is_encoder_decoder": True}, "model.no_writer"),
        (READS_AND_WRITES, {"model_type": "t5"}, None),
        (READS_AND_WRITES, {"model_type": "bert"}, "model.no_pair"),
        (READS_AND_WRITES, {"model_type": "qwen2"}, "model.no_pair_writes"),
        ("AutoModelForSequenceClassification", {"model_type": "qwen2"}, None),
    ],
)
def test_what_a_model_can_do_stands_in_its_config(
    tmp_path: Path, auto: str, config: dict[str, object], code: str | None
) -> None:
    folder = folder_of(tmp_path / "model", **config)
    if code is None:
        refuse_unsuited(folder, "mine", auto, task="some")
        return
    with pytest.raises(ModelError) as refused:
        refuse_unsuited(folder, "mine", auto, task="some", polyglot="org/one")
    assert refused.value.code == code
    assert all(word in str(refused.value) for word in ("mine", "some", "org/one", "--model", str(config["model_type"])))


@pytest.mark.parametrize(("state", "told"), [("missing", True), ("ready", False), ("packed", False)])
def test_how_the_built_in_writer_is_had_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, told: bool
) -> None:
    monkeypatch.setattr(suited, "builtin_state", lambda name: state)
    with pytest.raises(ModelError, match="builtin:gemma3-270m") as refused:
        refuse_unsuited(folder_of(tmp_path / "model", model_type="bert"), "mine", WRITES, task="instruction")
    assert ("pip install" in str(refused.value)) is told


@pytest.mark.parametrize("task", ["instruction", "seq2seq"])
def test_a_book_is_not_begun_with_such_a_model(tmp_path: Path, task: str) -> None:
    file, base = instructions.write_rows(tmp_path / "rows.jsonl", 20), small.base_model(tmp_path / "bert")
    with pytest.raises(ModelError, match=r"model\.no_(writer|pair)"):
        init(tmp_path / "book", file, model=base, options=DataOptions(task=task))
    assert not (tmp_path / "book").exists()


def test_a_table_is_not_planned_with_such_a_model(tmp_path: Path) -> None:
    file, base = instructions.write_rows(tmp_path / "rows.jsonl", 20), instructions.base_model(tmp_path / "llama")
    book = init(tmp_path / "book", file, model=base, options=DataOptions(task="instruction"))
    other = str(small.base_model(tmp_path / "bert"))
    with pytest.raises(ModelError, match=r"model\.no_writer"):
        plan(child(book.champion, {"base_model": other}), book.data)
