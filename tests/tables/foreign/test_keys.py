"""The tables of keys: complete where that can be checked, and pointing at rows and words that there are."""

from __future__ import annotations

import pytest

from tunebook.core.messages import catalogue
from tunebook.tables.declared import declared, techniques
from tunebook.tables.foreign import TOOLS


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_key_leads_somewhere(tool):
    for name, key in tool.keys.items():
        assert key.row or key.convert or key.why, name
        if key.row:
            assert key.row in declared() or key.row in techniques(), name
        if key.why:
            assert key.why in catalogue(), name


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_every_tool_says_the_main_settings(tool):
    rows = {key.row for key in tool.keys.values()}
    assert rows >= {"learning_rate", "batch_size", "gradient_accumulation_steps", "max_epochs", "weight_decay", "seed"}
    assert rows >= {"warmup_ratio", "lr_scheduler", "optimizer", "precision", "neftune.alpha"}
