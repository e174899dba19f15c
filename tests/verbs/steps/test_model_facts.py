"""The facts of a base model are those of its files."""

from __future__ import annotations

from pathlib import Path

from tunebook.core.nouns import Labels
from tunebook.tasks.text_classification import TextClassification
from tunebook.verbs.steps.model_facts import model_facts


def test_facts_of_a_folder(base: Path) -> None:
    from transformers import AutoModel

    facts = model_facts("tiny", base, TextClassification(), Labels(problem="single_label", names=["a", "b"]), 40)
    body = AutoModel.from_pretrained(str(base))
    head = facts.hidden * 2 + 2
    assert (facts.name, facts.hidden, facts.layers) == ("tiny", body.config.hidden_size, body.config.num_hidden_layers)
    assert facts.parameters == sum(item.numel() for item in body.parameters()) + head
    assert facts.max_positions == 40
