"""Memory of one training is gone when the next begins."""

from __future__ import annotations

import ctypes
import gc
from typing import Any

import pytest
import torch

from tunebook.engine import release


class Node:
    """Something in a circle, which only the collector frees."""

    def __init__(self) -> None:
        self.me = self
        self.weight = torch.zeros(10)


def test_circles_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    gc.disable()
    try:
        for _ in range(5):
            Node()
        release.release_memory()
        assert not [item for item in gc.get_objects() if type(item) is Node]
    finally:
        gc.enable()


def test_another_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> Any:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert release.release_memory() is False


def test_a_gpu_gives_its_blocks_back(monkeypatch: pytest.MonkeyPatch) -> None:
    emptied = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(1))
    release.release_memory()
    assert emptied
