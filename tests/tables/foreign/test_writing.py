"""Keys of models that write, by what the documents of their tools say of them."""

from __future__ import annotations

from typing import Any

import pytest

from tunebook.tables.foreign import TOOLS
from tunebook.tables.foreign.take import take
from tunebook.tables.foreign.writing import SEQ2SEQ, strength, turns
from tunebook.tables.make import new_table


@pytest.mark.parametrize(
    ("tool", "config", "rows"),
    [
        ("llama-factory", {"stage": "dpo", "pref_loss": "ipo", "pref_beta": 0.2}, {"loss": "ipo", "beta": 0.2}),
        ("llama-factory", {"stage": "dpo", "pref_loss": "orpo", "pref_beta": 0.2}, {
            "loss": "orpo", "odds_weight": 0.2,
        }),
        ("llama-factory", {"stage": "kto", "pref_beta": 0.2}, {"loss": "kto", "beta": 0.2}),
        ("llama-factory", {"stage": "dpo", "pref_loss": "simpo", "pref_beta": 2.0}, {}),
        ("llama-factory", {"pref_ftx": 0.5, "kto_chosen_weight": 2}, {"sft_weight": 0.5, "desirable_weight": 2.0}),
        ("ms-swift", {"rlhf_type": "dpo", "beta": 0.3}, {"loss": "sigmoid", "beta": 0.3}),
        ("ms-swift", {"rlhf_type": "dpo", "loss_type": "hinge"}, {"loss": "hinge"}),
        ("ms-swift", {"rlhf_type": "orpo", "beta": 0.3}, {"loss": "orpo", "odds_weight": 0.3}),
        ("ms-swift", {"rlhf_type": "grpo", "beta": 0.04, "loss_type": "grpo"}, {}),
        ("axolotl", {"rl": "kto", "rl_beta": 0.3, "chat_template": "llama3"}, {
            "loss": "kto", "beta": 0.3, "template": "llama",
        }),
        ("axolotl", {"rl": "simpo", "rl_beta": 0.3}, {}),
        ("axolotl", {"orpo_alpha": 0.3}, {"odds_weight": 0.3}),
        ("transformers", {"loss_type": "ipo", "rpo_alpha": 1.0}, {"loss": "ipo", "sft_weight": 1.0}),
        ("transformers", {"loss_type": "nll"}, {}),
    ],
)  # fmt: skip
def test_preferences(tool: str, config: dict[str, Any], rows: dict[str, Any]) -> None:
    taken = take(config, TOOLS[tool])
    assert {row: value for row, value in taken.values.items() if row.startswith("preference.")} == {
        f"preference.{row}": value for row, value in rows.items()
    }
    assert all(note.why and note.action not in ("unknown", "refused") for note in taken.notes)
    if rows:
        assert "preference.loss" in new_table(taken.values).rows


@pytest.mark.parametrize(
    ("tool", "config", "row", "value"),
    [
        ("llama-factory", {"mask_history": True}, "learn", "last"),
        ("llama-factory", {"mask_history": "false"}, "learn", "all"),
        ("ms-swift", {"loss_scale": "last_round"}, "learn", "last"),
        ("ms-swift", {"loss_scale": "default"}, "learn", "all"),
        ("ms-swift", {"loss_scale": "hermes"}, "learn", None),
        ("axolotl", {"chat_template": "tokenizer_default"}, "template", "auto"),
        ("axolotl", {"chat_template": "phi_3"}, "template", None),
    ],
)
def test_instructions(tool: str, config: dict[str, Any], row: str, value: str | None) -> None:
    assert take(config, TOOLS[tool]).values.get(f"instruction.{row}") == value


def test_sequence_to_sequence() -> None:
    config = {"max_source_length": 512, "max_target_length": 64, "source_prefix": "summarize:", "source_lang": "en_XX"}
    assert take(config, TOOLS["transformers"]).values == {
        "max_length": 512, "seq2seq.target_length": 64, "seq2seq.prefix": "summarize:",
        "seq2seq.source_language": "en_XX",
    }  # fmt: skip
    assert set(SEQ2SEQ) <= TOOLS["transformers"].keys.keys()


def test_a_value_that_means_nothing_here_says_so() -> None:
    assert strength(lambda config: "cpo")(0.1, {}).why == "importing.preference"
    assert turns("react", {}).why == "importing.prompting"
