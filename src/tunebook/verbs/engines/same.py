"""What every machine must have alike, so that a training is the same wherever it is done.

`installed` is sent to machines of which nothing is known yet, so it needs nothing but Python itself.
"""

from __future__ import annotations

from collections.abc import Mapping

LIBRARIES = ("torch", "transformers", "accelerate", "tokenizers", "numpy", "safetensors", "peft")


def installed(libraries: tuple[str, ...]) -> dict[str, str]:
    """Package -> version on this machine, of the libraries, of Python, of Tunebook with a hash of its files, and of
    packages that bring techniques or tasks of their own; those that are missing are left out."""
    import hashlib
    import platform
    from importlib.metadata import PackageNotFoundError, entry_points, version
    from importlib.util import find_spec
    from pathlib import Path

    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for name in libraries:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    for group in ("tunebook.techniques", "tunebook.tasks", "tunebook.stages"):
        found |= {point.dist.name: point.dist.version for point in entry_points(group=group) if point.dist is not None}
    spec = find_spec("tunebook")
    if spec is not None and spec.origin is not None:
        folder, digest = Path(spec.origin).parent, hashlib.sha256()
        for file in sorted(folder.rglob("*.py")):
            digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
        import tunebook

        found["tunebook"] = f"{tunebook.__version__} ({digest.hexdigest()[:8]})"
    return found


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Package -> version here and there, of what is here and another or missing there."""
    return {name: (own, there.get(name, "–")) for name, own in here.items() if there.get(name) != own}


__all__ = ["LIBRARIES", "differing", "installed"]
