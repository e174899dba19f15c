"""The way into a cluster: what is refused, and how many trainings it has room for."""

from __future__ import annotations

import builtins
import os
import signal
import socket
import sys
from typing import Any

import pytest
import torch

from tests.fake_ray import FakeRay, FakeRayError
from tunebook.core.errors import MachineError
from tunebook.verbs.engines import joined as module
from tunebook.verbs.engines.joined import joined, left


@pytest.fixture(autouse=True)
def own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())


def test_a_cluster_of_this_machine_ends_with_the_command(cluster: FakeRay) -> None:
    nodes = joined("")
    assert cluster.addresses == ["local"] and nodes.mine and os.environ["RAY_USAGE_STATS_ENABLED"] == "0"
    assert (nodes.count, nodes.room, nodes.threads) == (1, 2 // torch.get_num_threads(), torch.get_num_threads())
    assert nodes.each == {"num_cpus": torch.get_num_threads()} and nodes.needs["torch"] and nodes.here == ("one", False)
    left(nodes)
    assert not cluster.up


def test_a_polite_kill_is_still_heard_by_the_command(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    monkeypatch.setattr(cluster, "init", init)
    before = signal.getsignal(signal.SIGTERM)
    joined("")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_cluster_that_others_have_joined_stays(cluster: FakeRay) -> None:
    cluster.up = True
    nodes = joined("")
    left(nodes)
    assert cluster.up and cluster.addresses == []


@pytest.mark.parametrize("given", [True, False])
def test_an_address_is_asked_before_ray_is(given: bool, cluster: FakeRay) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        if not given:
            os.environ["RAY_ADDRESS"] = address
        assert joined(address if given else "").ray is cluster
        assert cluster.addresses == [address]


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nonsense", "127.0.0.1:99999999", "[::1]:9", "ray://127.0.0.1:9"])
def test_an_address_that_does_not_answer(address: str, cluster: FakeRay) -> None:
    with pytest.raises(MachineError) as caught:
        joined(address)
    assert (caught.value.code, caught.value.key, caught.value.value) == ("engine.address", "--address", address)
    assert cluster.addresses == [] and not cluster.up


def test_what_answers_may_be_no_ray(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    def init(address: str, **_: Any) -> None:
        raise ConnectionError("no GCS here")

    monkeypatch.setattr(cluster, "init", init)
    with pytest.raises(MachineError, match="no GCS here") as caught:
        joined("auto")
    assert caught.value.code == "engine.address"


def test_the_room_is_counted_machine_by_machine(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    cluster.machines = [cluster.machine("one", CPU=8.0), cluster.machine("two", CPU=5.0), cluster.machine("head")]
    cluster.machines.append(cluster.machine("gone", alive=False, CPU=64.0))
    assert (joined("").room, joined("").count) == (3, 2)
    cluster.machines.append(cluster.machine("gpus", CPU=8.0, GPU=4.0))
    assert joined("").room == 4 and joined("").each == {"num_cpus": 1, "num_gpus": 1}
    cluster.machines = [cluster.machine("small", CPU=2.0)]
    cluster.up = False
    with pytest.raises(MachineError) as caught:
        joined("")
    assert (caught.value.code, caught.value.value, caught.value.allowed) == ("engine.room", 3, "1 … 2")
    assert not cluster.up


def test_a_machine_with_other_versions_is_refused_by_name(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(ray: Any, nodes: Any) -> Any:
        return [(node, {**module.installed(module.LIBRARIES), "torch": "1.0"}) for node in nodes]

    monkeypatch.setattr(module, "_installed", told)
    with pytest.raises(MachineError, match=r"one.*torch 1\.0") as caught:
        joined("")
    assert caught.value.code == "engine.versions" and f"torch {torch.__version__.split('+')[0]}" in caught.value.allowed


def test_a_cluster_that_does_not_say_what_it_has(cluster: FakeRay, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(libraries: Any) -> Any:
        raise FakeRayError("no process begins")

    monkeypatch.setattr(module, "installed", fail)
    with pytest.raises(MachineError, match="no process begins"):
        module._installed(cluster, cluster.machines)


def test_ray_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *given: Any, **more: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return real(name, *given, **more)

    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(MachineError, match=r"\[ray\]") as caught:
        joined("")
    assert caught.value.code == "machine.extra"
