"""Texts read by `tokenizers` alone have the tokens that transformers reads, or transformers reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import small
from tunebook.models.reader import FILE, SETTINGS, SPECIAL, read_tokenizer
from tunebook.models.source import load_reader, load_tokenizer

TEXTS = [
    "A great ROOM, naïve café!",
    "很好 the [SEP] hotel",
    "",
    "unaffordable " * 30,
    "x\u0000y\u200b z\ufffd",
    "[MASK]",
]
PAIRS = ["and slow", "服务 very", "b", "fine food " * 20, "", "sad"]


def bert(folder: Path, vocabulary: tuple[str, ...] = (), **settings: Any) -> Path:
    """A BERT tokenizer as transformers saves it."""
    from transformers import BertTokenizer

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *small.words(), *vocabulary]
    words += ["un", "##afford", "##able", "naive", "cafe", "很", "好", "服", "!", ",", "b", "x", "##y", "A", "Great"]
    numbers = {word: number for number, word in enumerate(dict.fromkeys(words))}
    BertTokenizer(vocab=numbers, model_max_length=40, **settings).save_pretrained(str(folder))
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "vocab_size": len(numbers)}))
    return folder


def same(folder: Path) -> None:
    """Reader and transformers agree on all that is asked of them."""
    mine, theirs = load_reader(folder), load_tokenizer(folder)
    for pairs in (None, PAIRS):
        for words in ({"truncation": True, "max_length": 16}, {"add_special_tokens": False}):
            expected = theirs(TEXTS, pairs, **words)
            found = mine(TEXTS, pairs, **words)
            assert list(found) == list(expected)
            assert found == {name: expected[name] for name in expected}
        assert mine.num_special_tokens_to_add(pairs is not None) == theirs.num_special_tokens_to_add(pairs is not None)
    spans = {"return_offsets_mapping": True, "add_special_tokens": False}
    assert mine(TEXTS, **spans)["offset_mapping"] == theirs(TEXTS, **spans)["offset_mapping"]
    assert (mine.pad_token_id, mine.unk_token_id) == (theirs.pad_token_id, theirs.unk_token_id)
    assert set(mine.all_special_ids) == set(theirs.all_special_ids)
    assert (len(mine), mine.get_vocab()) == (len(theirs), theirs.get_vocab())
    assert mine.model_max_length == theirs.model_max_length
    assert (mine.truncation_side, mine.model_input_names) == (theirs.truncation_side, theirs.model_input_names)


def change(path: Path, **values: Any) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(data | values), encoding="utf-8")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"do_lower_case": False},
        {"tokenize_chinese_chars": False, "strip_accents": False},
        {"truncation_side": "left", "model_input_names": ["input_ids", "attention_mask"]},
    ],
)
def test_a_bert_tokenizer_reads_the_same(tmp_path: Path, settings: dict[str, Any]) -> None:
    bert(tmp_path, **settings)
    assert read_tokenizer(tmp_path, "bert") is not None
    same(tmp_path)


def test_a_tokenizer_that_is_taken_as_it_stands_reads_the_same(tmp_path: Path) -> None:
    small.tokenizer(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    assert read_tokenizer(tmp_path, "bert") is not None
    same(tmp_path)


def test_older_settings_in_two_files_read_the_same(tmp_path: Path) -> None:
    bert(tmp_path)
    (tmp_path / SETTINGS).write_text(json.dumps({"tokenizer_class": "BertTokenizerFast", "model_max_length": 30}))
    (tmp_path / SPECIAL).write_text(json.dumps({"unk_token": {"content": "[UNK]", "lstrip": False}}))
    assert read_tokenizer(tmp_path, "bert") is not None
    same(tmp_path)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        (SETTINGS, {"do_lower_case": False}),  # transformers goes by this and not by tokenizer.json
        (SETTINGS, {"tokenizer_class": "RobertaTokenizer"}),
        (SETTINGS, {"extra_special_tokens": ["<a>"]}),
        (SETTINGS, {"add_bos_token": True}),
        (SETTINGS, {"speaker_token": "<s1>"}),
        (SETTINGS, {"unk_token": "great"}),
        (SETTINGS, {"auto_map": {"AutoTokenizer": ["mine.Mine", None]}}),
        (FILE, {"normalizer": None}),
        (FILE, {"pre_tokenizer": {"type": "Whitespace"}}),
        (FILE, {"post_processor": None}),
        (FILE, {"added_tokens": []}),
        (FILE, {"model": {"type": "WordLevel", "vocab": {"[PAD]": 0, "[UNK]": 1}, "unk_token": "[UNK]"}}),
    ],
)
def test_what_transformers_would_make_otherwise_is_left_to_it(
    tmp_path: Path, file: str, values: dict[str, Any]
) -> None:
    bert(tmp_path)
    change(tmp_path / file, **values)
    assert read_tokenizer(tmp_path, "bert") is None


def test_another_kind_of_model_or_no_such_file_is_left_to_transformers(tmp_path: Path) -> None:
    bert(tmp_path)
    assert read_tokenizer(tmp_path, "deberta-v2") is None
    (tmp_path / FILE).write_text("{")
    assert read_tokenizer(tmp_path, "bert") is None
    (tmp_path / FILE).unlink()
    assert read_tokenizer(tmp_path, "bert") is None


def test_too_many_tokens_for_the_model_are_refused_as_before(tmp_path: Path) -> None:
    from tunebook.core.errors import ModelError

    bert(tmp_path)
    change(tmp_path / "config.json", vocab_size=4)
    with pytest.raises(ModelError) as caught:
        load_reader(tmp_path)
    assert caught.value.code == "model.vocabulary"


def test_reading_imports_no_transformers(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from tunebook.models.source import load_reader;"
        f"load_reader(Path({str(bert(tmp_path))!r}))(['a']);"
        "assert not {'torch', 'transformers'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
