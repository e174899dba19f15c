"""tunebook stages: what is trained before, and what it gave."""

from __future__ import annotations

from pathlib import Path

from tests import small
from tests.cli.conftest import Call


def test_stages(tunebook: Call, model: Path, rows: Path, tmp_path: Path) -> None:
    book = tmp_path / "book"
    assert tunebook("init", book, "--data", rows, "--model", model).code == 0
    done = tunebook("stages", book)
    assert "no stages" in done.out and "pretrain.file=raw.txt" in done.out
    (tmp_path / "raw.txt").write_text("\n".join(text for text, _ in small.texts(60, 3, seed=9)))
    rows_of = (
        "pretrain.techniques=ema,layer_decay.rate=0.9",
        "pretrain.max_steps=3",
        "pretrain.max_length=16",
        "max_steps=4",
        "eval_every=2",
    )
    assert (
        tunebook("table", "set", book, f"pretrain.file={tmp_path / 'raw.txt'}", *rows_of, "--note", "domain").code == 0
    )
    given = ("--table", "v2")
    done = tunebook("stages", book, *given)
    assert "masked words" in done.out and "to be trained" in done.out and "tunebook train" in done.out
    assert "layer_decay" in done.out and "steps averaged" not in done.out
    assert "pretrain (ema, layer_decay)" in tunebook("check", book, *given).out
    assert tunebook("train", book, *given, "--track", "none").code == 0
    (stage,) = tunebook("stages", book, *given, "--json").json["stages"]
    assert stage["finished"] and stage["after"]["perplexity"] > 1
    assert stage["counters"]["ema"]["steps_averaged"] == 3 and stage["techniques"]["layer_decay"]["rate"] == 0.9
    wrong = tunebook("stages", book, *given, "--set", "pretrain.techniques=emma")
    assert wrong.code == 2 and "ema" in wrong.err and "pretrain" in wrong.err
    told = tunebook("stages", book, *given).out
    assert "perplexity" in told and "steps averaged 3" in told
    other = tmp_path / "other"
    assert (
        tunebook("init", other, "--data", small.write_csv(tmp_path / "o.csv", 60, seed=5), "--model", model).code == 0
    )
    chain = (*given, "--set", f"intermediate.books={other}", "--set", "pretrain=off")
    assert "text classification" in tunebook("stages", book, *chain).out
    page = next((book / "runs").glob("*/report.html")).read_text()
    assert "Stages before" in page
