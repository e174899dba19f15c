"""tunebook merge: from a run, or a book's newest run, to a plain model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.cli.conftest import Call


def test_a_books_newest_run_is_merged_and_told(book: Path, tmp_path: Path, tunebook: Call) -> None:
    done = tunebook("merge", book, "--into", tmp_path / "merged")
    assert done.code == 0 and "✓" in done.out and "from_pretrained" in done.out
    told = " ".join(done.out.split())
    assert "what it gives differs by at most" in told and "tunebook init NEW-BOOK" in told
    assert (tmp_path / "merged" / "model.safetensors").is_file()
    told = json.loads((tmp_path / "merged" / "merged.json").read_text())
    again = tunebook("merge", next(book.glob("runs/*/outcome.json")).parent, "--into", tmp_path / "other", "--json")
    assert again.json["run"] == told["run"] and again.json["difference"] == told["difference"] < 1e-4
    assert again.json["folder"] == str(tmp_path / "other")
    assert again.json["load"] == f'AutoModelForSequenceClassification.from_pretrained("{tmp_path / "other"}")'


def test_the_run_can_be_named_as_anywhere(book: Path, tmp_path: Path, tunebook: Call) -> None:
    run = next(book.glob("runs/*/outcome.json")).parent
    done = tunebook("merge", book, "--run", run.name, "--into", tmp_path / "merged", "--json")
    assert done.json["run"] == run.name
    none = tunebook("merge", book, "--run", "20200101", "--into", tmp_path / "none", "--json")
    assert none.json["error"]["code"] == "book.run"
    other = tunebook("merge", run, "--run", "20200101", "--into", tmp_path / "none", "--json")
    assert other.json["error"]["code"] == "cli.chat_run" and other.json["error"]["key"] == "--run"


def test_an_embedding_run_of_a_part_names_merge_next(tmp_path: Path, tunebook: Call) -> None:
    from tests import small
    from tests.tasks.embedding.test_embedding import pairs_file

    import tunebook as tb

    options = tb.DataOptions(text="text", text_pair="other", label="label", problem="regression", task="embedding")
    rows, base = pairs_file(tmp_path / "rows.csv"), small.base_model(tmp_path / "base")
    book = tb.init(tmp_path / "book", rows, model=base, options=options).path
    quick = ("--set", "max_steps=2", "--track", "none", "--no-eval")
    for key, named in (("lora=on", True), ("adapter=on", False)):
        out = " ".join(tunebook("train", book, "--set", key, *quick).out.split())
        assert ("tunebook merge" in out) is named


def test_a_path_of_nothing_is_refused(book: Path, tunebook: Call) -> None:
    done = tunebook("merge", book, "--into", "", "--json")
    assert done.code == 2 and done.json["error"]["code"] == "cli.option" and done.json["error"]["key"] == "--into"


def test_what_is_no_run_and_a_folder_in_use_are_refused(book: Path, tmp_path: Path, tunebook: Call) -> None:
    assert tunebook("merge", tmp_path, "--into", tmp_path / "x", "--json").json["error"]["code"] == "merge.no_run"
    (tmp_path / "mine").write_text("mine")
    done = tunebook("merge", book, "--into", tmp_path, "--json")
    assert done.code == 3 and done.json["error"]["code"] == "merge.folder"


def test_a_run_is_told_with_what_was_trained(book: Path, tmp_path: Path, tunebook: Call) -> None:
    book = Path(shutil.copytree(book, tmp_path / "book"))  # others count on its newest run
    done = tunebook("train", book, "--set", "lora=on", "--set", "max_epochs=1", "--track", "none")
    assert done.code == 0 and "parameters trained" in done.out and "KiB stored" in done.out
    found = tunebook("train", book, "--set", "lora=on", "--set", "max_epochs=1", "--track", "none", "--json").json
    assert 0 < found["trained"] < found["parameters"] and 0 < found["stored_bytes"] < 100_000
    limit = ("--set", "lora=on", "--set", "max_trained_share=0.1%")
    refused = tunebook("check", book, *limit, "--json").json["problems"][0]
    assert refused["code"] == "peft.share" and refused["key"] == "max_trained_share" and ">=" in refused["allowed"]
    assert tunebook("check", book, "--set", "lora=on", "--set", "max_trained_share=90%").code == 0
    page = (book / "runs" / found["run"] / "report.html").read_text()
    assert "Of them trained" in page and f"{found['trained']:,} (" in page and "Stored" in page


def test_a_gguf_file_is_told_and_what_cannot_be_one_is_refused(
    book: Path, tmp_path: Path, tunebook: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tunebook.verbs.steps import merge_gguf
    from tunebook.verbs.steps.merge_gguf import Packed

    done = tunebook("merge", book, "--into", tmp_path / "a", "--gguf", "q4_k_m", "--json")
    assert done.code == 2 and done.json["error"]["code"] == "cli.option" and done.json["error"]["key"] == "--gguf"
    done = tunebook("merge", book, "--into", tmp_path / "a", "--gguf", "f16", "--json")
    assert done.code == 2 and done.json["error"]["code"] == "gguf.model" and not (tmp_path / "a").exists()
    monkeypatch.setattr(merge_gguf, "check", lambda run, kind: None)
    monkeypatch.setattr(
        merge_gguf, "gguf_of", lambda run, merged, kind: Packed(merged.folder / "m.gguf", kind, 8, 1e-4)
    )
    done = tunebook("merge", book, "--into", tmp_path / "a", "--gguf", "f16", "--json")
    assert done.json["gguf"] == {"file": str(tmp_path / "a" / "m.gguf"), "kind": "f16", "rows": 8, "difference": 1e-4}
    assert "1.0e-04 on 8 validation rows (f16)" in " ".join(
        tunebook("merge", book, "--into", tmp_path / "b", "--gguf", "f16").out.split()
    )
