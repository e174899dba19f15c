"""tunebook doctor: the machine in words."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Call

from tunebook.verbs.steps import doctor as doctor_module

FOUND = {
    "tunebook": "0.1.0",
    "python": "3.11",
    "platform": "Linux",
    "machine": {"cores": 2, "memory_bytes": 2**33, "gpu_memory_bytes": 0, "bf16": False},
    "disk_free_bytes": 2**40,
    "libraries": {"torch": None, "wandb": "1.0"},
    "missing": {"train": "pip install -e '.[train]'"},
    "models": {"builtin:minilm": "ready", "builtin:multilingual": "packed"},
    "hub": {"endpoint": "https://hub.example", "reachable": False},
}


def test_what_is_missing_comes_with_the_command(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "doctor", lambda **_: FOUND)
    out = tunebook("doctor").out
    for part in ("8.00 GiB", "https://hub.example: cannot be reached", "first used", "pip install -e '.[train]'"):
        assert part in out


def test_a_complete_machine(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = FOUND["machine"] | {"gpu_memory_bytes": 2**34}  # type: ignore[operator]
    monkeypatch.setattr(doctor_module, "doctor", lambda **_: FOUND | {"missing": {}, "machine": gpu})
    out = tunebook("doctor").out
    assert "Everything is there" in out and "16.00 GiB" in out and "Next:" not in out


def test_this_machine_offline(tunebook: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    data = tunebook("doctor", "--json").json
    assert data["machine"]["cores"] >= 1 and data["hub"]["reachable"] is None
