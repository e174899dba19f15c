"""A module `ray` that does everything in threads of this process: for what Ray itself adds nothing to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import ModuleType, SimpleNamespace
from typing import Any


class FakeRayError(Exception):
    """What goes wrong in the cluster."""


class FakeMemoryError(FakeRayError):
    """A machine has no memory left."""


class Reference(Future):  # type: ignore[type-arg]
    """What a task gives."""


def done(value: Any) -> Reference:
    """A reference to what is there."""
    made = Reference()
    if isinstance(value, FakeRayError):
        made.set_exception(value)
    else:
        made.set_result(value)
    return made


class FakeRay(ModuleType):
    """One machine after the other is asked; tasks run one at a time, in the order in which they were given.

    Attributes:
        up: it is connected; addresses: what it was asked to connect to.
        machines: as `ray.nodes()` tells of them.
        cancelled: references that were cancelled; put_away: what was put into the object store.
        options: what tasks were made with.
    """

    def __init__(self) -> None:
        super().__init__("ray")
        self.up = False
        self.addresses: list[str] = []
        self.machines = [self.machine("one", CPU=2.0)]
        self.cancelled: list[Reference] = []
        self.stored: list[Any] = []
        self.options: list[dict[str, Any]] = []
        self.pool = ThreadPoolExecutor(1)
        self.exceptions = SimpleNamespace(RayError=FakeRayError, OutOfMemoryError=FakeMemoryError)
        self.cloudpickle = SimpleNamespace(
            register_pickle_by_value=lambda module: None, unregister_pickle_by_value=lambda module: None
        )
        affinity = lambda node, soft: (node, soft)  # noqa: E731
        self.util = SimpleNamespace(scheduling_strategies=SimpleNamespace(NodeAffinitySchedulingStrategy=affinity))

    @staticmethod
    def machine(name: str, alive: bool = True, **resources: float) -> dict[str, Any]:
        """A machine of the cluster."""
        return {"NodeID": name, "NodeManagerHostname": name, "Alive": alive, "Resources": resources}

    def is_initialized(self) -> bool:
        return self.up

    def init(self, address: str, **_: Any) -> None:
        self.addresses.append(address)
        self.up = True

    def shutdown(self) -> None:
        self.up = False
        self.pool.shutdown(cancel_futures=True)

    def nodes(self) -> list[dict[str, Any]]:
        return self.machines

    def get_runtime_context(self) -> Any:
        return SimpleNamespace(get_node_id=lambda: self.machines[0]["NodeID"])

    def put(self, value: Any) -> Reference:
        self.stored.append(value)
        return done(value)

    def get(self, what: Any, timeout: float | None = None) -> Any:
        if isinstance(what, list):
            return [self.get(item, timeout) for item in what]
        return what.result(timeout)

    def wait(self, what: list[Reference], num_returns: int, timeout: float) -> tuple[list[Reference], list[Reference]]:
        ended = wait(what, timeout, return_when="FIRST_COMPLETED").done
        return list(ended), [item for item in what if item not in ended]

    def cancel(self, what: Reference, force: bool = False) -> None:
        what.cancel()
        self.cancelled.append(what)

    def remote(self, **options: Any) -> Callable[[Any], Any]:
        self.options.append(options)
        return lambda thing: _Actor(thing) if isinstance(thing, type) else _Task(self, thing)


class _Task:
    def __init__(self, ray: FakeRay, function: Callable[..., Any]) -> None:
        self.ray, self.function = ray, function

    def options(self, **_: Any) -> _Task:
        return self

    def remote(self, *given: Any) -> Reference:
        made = Reference()

        def work() -> None:
            if not made.set_running_or_notify_cancel():
                return
            try:
                made.set_result(self.function(*given))
            except FakeRayError as error:
                made.set_exception(error)

        self.ray.pool.submit(work)
        return made


class _Actor:
    """An actor whose methods are called at once, one at a time."""

    def __init__(self, kind: type[Any]) -> None:
        self._kind, self._lock = kind, threading.Lock()

    def options(self, **_: Any) -> _Actor:
        return self

    def remote(self) -> _Actor:
        self._it = self._kind()
        return self

    def __getattr__(self, name: str) -> Any:
        def call(*given: Any) -> Reference:
            with self._lock:
                return done(getattr(self._it, name)(*given))

        return SimpleNamespace(remote=call)


__all__ = ["FakeMemoryError", "FakeRay", "FakeRayError"]
