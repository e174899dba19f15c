"""A step is shared out among processes, and no process has to be told how."""

from __future__ import annotations

import pytest

from tunebook.engine.shares import Shares, shares_here


def test_the_share_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    params = {"batch_size": 6, "gradient_accumulation_steps": 4}
    assert shares_here(params) == Shares(6, 4, 1, 0)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    assert shares_here(params) == Shares(6, 4, 2, 1)
    assert (shares_here(params).step_rows, shares_here(params).passes) == (24, 2)
