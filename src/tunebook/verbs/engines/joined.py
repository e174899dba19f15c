"""The way into a Ray cluster: found or begun, its machines asked what they have, and left again."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tunebook.core.errors import MachineError
from tunebook.verbs.engines import same
from tunebook.verbs.engines.far import unlike
from tunebook.verbs.engines.same import LIBRARIES, differing, installed

_KNOCK = 5.0  # seconds for an address to answer
_START = 120.0  # seconds for a machine to begin a process of Python and to say what it has
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_raylet_start_wait_time_s": "120",  # a machine may be busy
}
_TRIES = "RAY_gcs_server_port_wait_time_s"  # one is enough: whoever listens there and is no Ray does not become one


@dataclass(frozen=True)
class Nodes:
    """The machines of a cluster.

    Attributes:
        ray: the module.
        mine: it was begun for this command, and ends with it.
        count: machines; room: trainings at once; threads: of each training.
        each: what of a machine a training takes, as Ray wants it.
        needs: package -> version that every machine has.
        here: how to place something on this machine.
    """

    ray: Any
    mine: bool
    count: int
    room: int
    threads: int
    each: Mapping[str, float]
    needs: Mapping[str, str]
    here: Any


def joined(address: str) -> Nodes:
    """Connect, and see to it that every machine can do what this one would.

    Raises:
        MachineError: as `Ray`.
    """
    ray, mine = _ray(), False
    address = address or os.environ.get("RAY_ADDRESS", "")
    if not ray.is_initialized():
        mine = True
        _connect(ray, address)
    try:
        return _asked(ray, mine)
    except BaseException:
        if mine:
            ray.shutdown()
        raise


def left(nodes: Nodes) -> None:
    """Disconnect; a cluster that was begun for this command ends."""
    if nodes.mine:
        nodes.ray.shutdown()


def _ray() -> Any:
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MachineError("machine.extra", key="ray", extra="ray") from error
    return ray


def _connect(ray: Any, address: str) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if address not in ("", "local", "auto"):
        _knock(address)
        os.environ.setdefault(_TRIES, "1")
    heard = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address or "local", **quiet)
        if heard is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, heard)  # Ray takes it for itself; a polite kill is the command's to hear
    except Exception as error:  # ConnectionError, RuntimeError, and those of gRPC
        raise _silent(address, error) from error


def _knock(address: str) -> None:
    """Whether anything answers at an address: Ray itself would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _silent(address, error) from error


def _silent(address: str, error: Exception) -> MachineError:
    return MachineError("engine.address", key="--address", value=address, reason=" ".join(str(error).split())[:200])


def _asked(ray: Any, mine: bool) -> Nodes:
    import torch

    threads = torch.get_num_threads()
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]
    gpus = any(node["Resources"].get("GPU") for node in nodes)
    each = {"num_cpus": 1, "num_gpus": 1} if gpus else {"num_cpus": threads}
    what, least = ("GPU", 1) if gpus else ("CPU", threads)
    room = sum(int(node["Resources"].get(what, 0) // least) for node in nodes)
    if not room:
        most = max((int(node["Resources"]["CPU"]) for node in nodes), default=0)
        raise MachineError("engine.room", key="OMP_NUM_THREADS", value=threads, allowed=f"1 … {most}")
    needs = installed(LIBRARIES)
    for node, there in _installed(ray, nodes):
        if apart := differing(needs, there):
            raise unlike(node["NodeManagerHostname"], apart)
    place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    here = place(ray.get_runtime_context().get_node_id(), soft=False)
    return Nodes(ray, mine, len(nodes), room, threads, each, needs, here)


def _installed(ray: Any, nodes: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, str]]]:
    """Each machine, and what it has installed; asked by value, since it may not have Tunebook."""
    place = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    ray.cloudpickle.register_pickle_by_value(same)
    try:
        task = ray.remote(num_cpus=0)(installed)
        asked = [
            task.options(scheduling_strategy=place(node["NodeID"], soft=False)).remote(LIBRARIES) for node in nodes
        ]
        return list(zip(nodes, ray.get(asked, timeout=_START), strict=True))
    except ray.exceptions.RayError as error:
        raise MachineError("engine.lost", key="ray", reason=" ".join(str(error).split())[:200]) from error
    finally:
        ray.cloudpickle.unregister_pickle_by_value(same)


__all__ = ["Nodes", "joined", "left"]
