"""What does not fit into the steps of a run."""

from __future__ import annotations

from typing import Any

import pytest

from tunebook.core.errors import PlanError
from tunebook.engine.schedule import check_steps

PARAMS: dict[str, Any] = {
    "batch_size": 8, "gradient_accumulation_steps": 2, "max_epochs": 3, "max_steps": None, "warmup_steps": 2,
    "eval_every": None,
}  # fmt: skip


def test_what_does_not_fit() -> None:
    check_steps(PARAMS, 3)
    check_steps({**PARAMS, "eval_every": 3}, 3)
    for changes, code in (({"warmup_steps": 3}, "plan.warmup"), ({"eval_every": 4}, "plan.eval_every")):
        with pytest.raises(PlanError) as caught:
            check_steps({**PARAMS, **changes}, 3)
        assert caught.value.code == code
