"""tunebook export: where the bundle is, what proves it, and what to type next."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call


def test_a_book_is_exported_and_told(book: Path, tmp_path: Path, tunebook: Call) -> None:
    done = tunebook("export", book, "--into", tmp_path / "bundle")
    told = " ".join(done.out.split())
    assert done.code == 0 and "✓" in told
    assert "validation rows" in told and "100.0%" in told and "P95" in told
    assert "python" in told and "predict.py" in told
    again = tunebook("export", book, "--into", tmp_path / "bundle", "--json").json
    assert again["reused"] and again["bundle"] == str(tmp_path / "bundle") and again["kind"] == "onnx"
    assert set(again["proof"]) == {"rows", "equal_share", "max_difference"}
    assert set(again["latency_ms"]) == {"p50", "p95", "p99"} and again["bytes"] > 0 and again["scores"]
    assert "already" in tunebook("export", book, "--into", tmp_path / "bundle").out
    other = tunebook("export", book, "--to", "torch", "--into", tmp_path / "bundle", "--json")
    assert other.code == 3 and other.json["error"]["code"] == "export.used"


def test_a_plain_folder(book: Path, tmp_path: Path, tunebook: Call) -> None:
    done = tunebook("export", book, "--to", "hf", "--into", tmp_path / "plain")
    assert done.code == 0 and "differ from those of the run" in " ".join(done.out.split())
    assert "predict.py" not in done.out
    assert tunebook("export", book, "--to", "hdf", "--json").json["error"]["code"] == "export.kind"


def test_a_repository_of_triton(book: Path, tmp_path: Path, tunebook: Call) -> None:
    place = tmp_path / "repository"
    made = tunebook("export", book, "--to", "triton", "--into", place, "--name", "reviews", "--json").json
    assert made["version"] == 1 and made["kind"] == "triton" and made["bundle"] == str(place)
    assert (place / "reviews" / "1" / "model.onnx").is_file()
    assert (
        tunebook("export", book, "--to", "triton", "--into", place, "--name", "reviews", "--json").json["version"] == 1
    )
    for wrong in (("--device", "tpu"), ("--instances", "0"), ("--max-batch", "0")):
        assert tunebook("export", book, "--to", "triton", *wrong, "--json").json["error"]["code"] == "cli.option"
