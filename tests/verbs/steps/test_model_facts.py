"""The facts of a base model are those of its files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tunebook.core.nouns import Labels
from tunebook.data.options import DataOptions
from tunebook.data.prepare import prepare
from tunebook.models.source import find_model
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.steps.model_facts import model_facts, read_tokens
from tunebook.verbs.steps.passes import lines_of


def test_facts_of_a_folder(base: Path) -> None:
    from transformers import AutoModel

    facts = model_facts("tiny", base, TextClassification(), Labels(problem="single_label", names=["a", "b"]), 40)
    body = AutoModel.from_pretrained(str(base))
    head = facts.hidden * 2 + 2
    assert (facts.name, facts.hidden, facts.layers) == ("tiny", body.config.hidden_size, body.config.num_hidden_layers)
    assert facts.parameters == sum(item.numel() for item in body.parameters()) + head
    assert facts.max_positions == 40


def test_lengths_of_queries_with_passages_are_those_of_what_a_task_reads(tmp_path: Path) -> None:
    rows = [{"query": "two words", "pos": [f"a passage of six words {n}"], "neg": [f"bad {n}"]} for n in range(40)]
    rows = [{**row, "query": f"two {n}"} for n, row in enumerate(rows)]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(map(json.dumps, rows)))
    found = {}
    for task in ("embedding", "reranking"):
        data = prepare([source], tmp_path / task / "data", DataOptions(task=task))
        found[task] = read_tokens(data, find_model("builtin:minilm"))
    assert found["reranking"]["p99"] > found["embedding"]["p99"] > 7, "pairs are longer than their parts"
    assert found["reranking"]["per_row"] == 2 and found["embedding"]["per_row"] == 3
    mean = sum(int(size) * count for size, count in found["reranking"]["lengths"].items()) / found["reranking"]["rows"]
    assert lines_of(found["reranking"], 10**6).row == pytest.approx(2 * mean)
