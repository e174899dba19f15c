"""How a run that kept only what was trained is told from one that kept its whole model; loads no torch."""

from __future__ import annotations

from pathlib import Path

BASE = "base.json"  # names the base model beside which that was trained


def is_part(model: Path) -> bool:
    """Whether the model folder of a run holds only what was trained beside its base model."""
    return (model / BASE).is_file()


__all__ = ["BASE", "is_part"]
