"""Doctor tells what is there, and opens no socket when it must not."""

from __future__ import annotations

import importlib.util
import socket
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from tunebook.verbs.steps import doctor as module
from tunebook.verbs.steps.doctor import doctor, this_machine


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


def test_offline_opens_no_socket(no_sockets: None) -> None:
    found = doctor(offline=True)
    assert found["hub"]["reachable"] is None
    assert found["libraries"]["torch"] == version("torch")
    assert "train" not in found["missing"]
    assert found["disk_free_bytes"] > 0
    assert found["python"].startswith("3.")


@pytest.mark.parametrize("value", ["1", "true", "YES"])
def test_the_variable_of_the_hub_is_heeded(value: str, no_sockets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    assert doctor()["hub"]["reachable"] is None


def test_the_endpoint_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}/mirror")
        assert doctor()["hub"] == {"endpoint": module.os.environ["HF_ENDPOINT"], "reachable": True}
    assert doctor()["hub"]["reachable"] is False


def test_the_ports_of_http_and_https(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], timeout: float) -> Any:
        asked.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert not module._reachable("http://a.example")
    assert not module._reachable("https://b.example/x")
    assert asked == [("a.example", 80), ("b.example", 443)]


def test_what_is_missing_comes_with_its_command(no_sockets: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "version_of", lambda name: "" if name == "accelerate" else "1.0")
    found = doctor(offline=True)
    assert found["missing"] == {"train": "pip install -e '.[train]'"}
    assert found["libraries"]["accelerate"] is None


def test_a_machine_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    stock = importlib.util.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "torch" else stock(name))
    found = this_machine()
    assert (found["gpu_memory_bytes"], found["bf16"]) == (0, False)
    assert found["cores"] >= 1


def test_a_machine_with_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    properties = type("Properties", (), {"total_memory": 7 << 30})
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: properties)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    found = this_machine()
    assert (found["gpu_memory_bytes"], found["bf16"]) == (7 << 30, True)


@pytest.mark.parametrize(("text", "limited"), [("1000000\n", True), ("max\n", False), (None, False)])
def test_the_limit_of_a_container_counts(text: str | None, limited: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: Path, *args: Any, **kwargs: Any) -> str:
        if text is None:
            raise FileNotFoundError
        return text

    monkeypatch.setattr(Path, "read_text", read)
    assert (module._memory() == 1_000_000) == limited
    assert module._memory() > 0


def test_cores_where_there_is_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(module.os, "cpu_count", lambda: None)
    assert module._cores() == 1
