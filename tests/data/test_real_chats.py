"""Real files of conversations, with the counts that were measured by other means when they were collected."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tunebook.data.load import load
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare

DATA = Path(os.environ.get("TUNEBOOK_REAL_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not DATA.is_dir(), reason="the real data sets are not here")]
DEMOS = "instr_llamafactory_demos"


@pytest.mark.parametrize(
    ("file", "dataset", "read", "dropped"),
    [
        (f"{DEMOS}/dataset_info.json", "alpaca_en_demo", 999, {"duplicate": 14}),
        (f"{DEMOS}/dataset_info.json", "alpaca_zh_demo", 1000, {"duplicate": 8}),
        (f"{DEMOS}/dataset_info.json", "glaive_toolcall_en_demo", 300, {"duplicate": 35}),
        (f"{DEMOS}/dataset_info.json", "glaive_toolcall_zh_demo", 300, {"duplicate": 43, "chat_tool": 2}),
        (f"{DEMOS}/identity.json", None, 91, {}),
        ("instr_self_instruct_seeds/seed_tasks.jsonl", None, 175, {}),
        ("instr_alpaca_zh_carbonz0/zh-data-part-00.json.gz", None, 10021, {"empty_answer": 6, "duplicate": 1}),
        ("en_gsm8k/train.jsonl.gz", None, 7473, {}),
    ],
)
def test_every_row_is_learnt_or_told(file, dataset, read, dropped, tmp_path):
    ref = prepare([DATA / file], tmp_path / "data", DataOptions(task="instruction", dataset=dataset))
    ledger = ref.stats["ledger"]
    assert (ledger["read"], ledger["dropped"], sum(ref.rows.values())) == (read, dropped, ledger["kept"])
    rows = load(ref, "train")
    for chat, target in zip(rows.chats, rows.targets, strict=True):
        assert str(target) == (chat.answer or chat.turns[-1].calls)
