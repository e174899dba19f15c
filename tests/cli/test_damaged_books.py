"""Every file of a trained book is damaged in each way, and every command run over it: a message, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Call
from tests.damaged import commands, damaged

# What each command needs: whatever else is damaged, it works.
NEEDS = {
    "runs": ("book.toml",),
    "predict": ("book.toml", "split.json", "plan.json", "config.json", "model.safetensors", "tokenizer", "outcome"),
    "table show": ("book.toml", "fine_tune_params", "log."),
    "table log": ("book.toml", "log."),
    "merge": ("book.toml", "split.json", "rows.parquet", "plan.json", "model/", "outcome"),
    "eval": ("book.toml", "split.json", "rows.parquet", "plan.json", "model/", "outcome"),
}


@pytest.mark.parametrize("ways", [("cut", "missing"), ("empty", "newer")], ids=" ".join)
def test_one_damaged_file(ways: tuple[str, ...], book: Path, tmp_path: Path, tunebook: Call) -> None:
    faults = []
    for number, case in enumerate(damaged(book, tmp_path / "book", ways)):
        for words in commands(case.book, tmp_path / f"merged{number}"):
            done = tunebook(*words, "--json")
            name = " ".join(words[:2]) if words[0] == "table" else words[0]
            where = (case.file, case.how, name, done.code, done.out[-200:])
            error = json.loads(done.out.strip().splitlines()[-1]).get("error") if name != "table log" else None
            if (
                "Traceback" in done.err
                or done.code not in (0, 1, 2, 3)
                or (error and error["code"] == "cli.unexpected")
            ):
                faults.append(where)
            if name in NEEDS and done.code and not any(part in case.file for part in NEEDS[name]):
                faults.append(("hidden", *where))
            if name == "doctor" and done.code == 0 and _tells(case.file, case.how):
                faults.append(("unseen", *where))
    assert not faults


def _tells(file: str, how: str) -> bool:
    """Whether a damage is one that doctor has to find: not of what is made anew by itself, or may be missing."""
    kept = ("cache/", ".html", "logits.npz", "predictions.jsonl", "metrics.jsonl", "ledger.jsonl", "README.md")
    if any(part in file for part in kept) or (how == "missing" and file.endswith("report.json")):
        return False
    if (file, how) == ("book.toml", "cut"):  # what is left is a book.toml with defaults
        return False
    return not (how == "newer" and file.endswith(("outcome.json", "looks.json", "log.head")))
