"""What the machine says when it gives up becomes advice; everything else passes."""

from __future__ import annotations

import errno
import os

import pytest
import torch

from tests import small
from tunebook.core.errors import MachineError, RunError
from tunebook.engine.failures import explained, no_memory

PARAMS = small.filled(batch_size=8, gradient_accumulation_steps=2)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "machine.memory"),
        (torch.cuda.OutOfMemoryError("CUDA out of memory"), "machine.memory"),
        (RuntimeError("std::bad_alloc"), "machine.memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "machine.memory"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x"), "machine.disk"),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT), "x"), "machine.disk"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "machine.disk"),
        (PermissionError(errno.EACCES, "denied", "x"), "machine.write"),
        (OSError(errno.EROFS, os.strerror(errno.EROFS), "x"), "machine.write"),
    ],
)
def test_each_has_its_code(error: Exception, code: str) -> None:
    with pytest.raises(MachineError) as caught, explained(PARAMS):
        raise error
    assert caught.value.code == code
    assert caught.value.__cause__ is error
    assert caught.value.message and caught.value.advice


@pytest.mark.parametrize(
    "error", [ValueError("x"), FileNotFoundError(2, "x"), RunError("run.interrupted", key="x", value=1)]
)
def test_all_else_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, explained(PARAMS):
        raise error
    assert caught.value is error


def test_the_advice_keeps_the_effective_batch() -> None:
    assert "batch_size=4 --set gradient_accumulation_steps=4" in no_memory(PARAMS).advice
    one = PARAMS.model_copy(update={"batch_size": 1})
    assert no_memory(one).advice.endswith("--set gradient_checkpointing=true")
    twice = one.model_copy(update={"gradient_checkpointing": True})
    assert no_memory(twice).advice.endswith("--set max_length=32")
    least = no_memory(twice.model_copy(update={"max_length": 8}))
    assert least.code == "machine.memory_least" and least.message and "smaller base_model" in least.advice


def test_a_process_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("[gloo/transport/tcp/pair.cc:1] Connection closed by peer [127.0.0.1]:4\nmore")
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(RuntimeError, match="gloo"), explained(PARAMS):  # alone it is something else
        raise error
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(RunError) as caught, explained(PARAMS):
        raise error
    assert (caught.value.code, caught.value.key, caught.value.value) == ("ranks.gone", "1", 2)
    assert "more" not in caught.value.message
