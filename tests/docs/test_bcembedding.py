"""The page on BCEmbedding runs as it stands, with a tiny XLM-RoBERTa in place of the models of the hub."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from tests import tiny

from .conftest import tiny_reader
from .test_readme import ROOT, blocks, commands

PAGE = ROOT / "docs" / "how-to" / "bcembedding.md"
THINGS = ("kettle", "lamp", "chair", "table", "mirror", "window", "carpet", "pillow", "spoon", "towel")
PLACES = ("kitchen", "hall", "cellar", "garden", "attic", "yard")


def stand_in(folder: Path) -> Path:
    """A tiny XLM-RoBERTa whose vectors are those of the first token."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    from tunebook.models.sentences import Sentences

    tiny_reader(folder)
    config = tiny.config("xlm-roberta", dropout=0.1)
    config.vocab_size, config.pad_token_id = len(AutoTokenizer.from_pretrained(str(folder))), 0
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(str(folder))
    Sentences("cls").write(folder, config.hidden_size)
    return folder


def write_documents(folder: Path) -> None:
    """What the page asks for: 60 passages, and a question on each."""
    pairs = [(thing, place) for thing in THINGS for place in PLACES]
    (folder / "documents" / "qrels").mkdir(parents=True)
    passages = [f"The {thing} stands in the {place}." for thing, place in pairs]
    corpus = [{"_id": f"d{n}", "title": pairs[n][0], "text": text} for n, text in enumerate(passages)]
    queries = [
        {"_id": f"q{n}", "text": f"where in the {place} is the {thing}"} for n, (thing, place) in enumerate(pairs)
    ]
    for name, rows in (("corpus", corpus), ("queries", queries)):
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / "documents" / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    judged = "".join(f"q{n}\td{n}\t1\n" for n in range(len(pairs)))
    (folder / "documents" / "qrels" / "train.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}", encoding="utf-8")
    (folder / "passages.csv").write_text("body\n" + "".join(f"{text}\n" for text in passages), encoding="utf-8")


@pytest.mark.slow
def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """All blocks in order; a test with a tiny model need prove nothing, and what it did not is refused."""
    from tunebook.cli import main
    from tunebook.models import source

    model = stand_in(tmp_path / "model")
    asked = []
    monkeypatch.setattr(source, "_hub", lambda name, allow_pickle: asked.append(name) or model)
    monkeypatch.chdir(tmp_path)
    write_documents(tmp_path)
    for block in blocks(PAGE):
        if block.language == "python":
            exec(compile(block.text, str(PAGE), "exec"), {})
        elif block.language == "bash":
            for words in commands(block):
                short = ["--set", "max_steps=4", "--track", "none"] if words[1] == "train" else []
                allowed = {"ab": (0, 1), "mine": (0, 1), "promote": (0, 1, 2)}.get(words[1], (0,))
                assert main([*words[1:], *short]) in allowed, f"{shlex.join(words)}: {capsys.readouterr().err}"
    plan = json.loads(next((tmp_path / "library" / "runs").glob("*/plan.json")).read_text(encoding="utf-8"))
    own = plan["params"] if "embedding.pooling" in plan["params"] else plan["params"]["embedding"]
    assert "cls" in json.dumps(own) and {name.split("/")[1] for name in asked} == {
        "bce-embedding-base_v1",
        "bce-reranker-base_v1",
    }
