"""A real Triton server on this machine, from the wheel `nvidia-pytriton` in an environment of its own.

Its Python backend needs numpy below 2, which Tunebook's own environment does not have. `TUNEBOOK_TRITON` names that
environment (`make triton` makes it); the tests that need it are skipped elsewhere, with what is missing.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLACE = "TUNEBOOK_TRITON"
_HERE = Path(__file__).parent
_READY = 60.0  # seconds


@dataclass(frozen=True)
class Server:
    """Addresses of a server that is ready."""

    http: str
    grpc: str
    metrics: str


def missing() -> str:
    """Why no server can be started here; empty where one can."""
    place = os.environ.get(PLACE, "")
    if not place:
        return f"{PLACE} names no environment with nvidia-pytriton"
    return "" if _wheel(Path(place)).is_dir() else f"{PLACE}={place} has no nvidia-pytriton"


def _packages(place: Path) -> Path:
    return place / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"


def _wheel(place: Path) -> Path:
    return _packages(place) / "pytriton" / "tritonserver"


@contextmanager
def server(repository: Path, scratch: Path) -> Iterator[Server]:
    """The server over a repository; all models of it are loaded when this begins."""
    place = Path(os.environ[PLACE])
    backends, (http, grpc, metrics) = _backends(place, scratch), _free(3)
    command = [
        str(_wheel(place) / "bin" / "tritonserver"),
        f"--model-repository={repository}",
        f"--backend-directory={backends}",
        *(f"--{name}-address=127.0.0.1" for name in ("http", "grpc", "metrics")),
        f"--http-port={http}",
        f"--grpc-port={grpc}",
        f"--metrics-port={metrics}",
        "--disable-auto-complete-config",
        "--model-control-mode=explicit",
        "--load-model=*",
        "--metrics-config=summary_latencies=true",
    ]
    libraries = [str(_packages(place) / "nvidia_pytriton.libs"), str(sysconfig.get_config_var("LIBDIR"))]
    environment = os.environ | {
        "PATH": f"{place / 'bin'}:{os.environ['PATH']}",
        "LD_LIBRARY_PATH": ":".join(libraries),
    }
    log = scratch / "triton.log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env=environment)
    try:
        _wait(f"http://127.0.0.1:{http}/v2/health/ready", process, log)
        yield Server(f"127.0.0.1:{http}", f"127.0.0.1:{grpc}", f"http://127.0.0.1:{metrics}/metrics")
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _backends(place: Path, scratch: Path) -> Path:
    """Folder of the Python backend, and of the one that stands in for onnxruntime's."""
    folder = scratch / "backends"
    python = folder / "python"
    shutil.copytree(_wheel(place) / "backends" / "python", python)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    stub = python / "triton_python_backend_stub"
    shutil.copy(_wheel(place) / "python_backend_stubs" / version / stub.name, stub)
    (folder / "onnxruntime").mkdir()
    shutil.copy(_HERE / "stand_in_backend.py", folder / "onnxruntime" / "model.py")
    return folder


def _free(count: int) -> list[int]:
    """Ports that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [int(item.getsockname()[1]) for item in sockets]
    for item in sockets:
        item.close()
    return ports


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _READY
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"Triton is not ready:\n{log.read_text()[-4000:]}")
