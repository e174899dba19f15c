"""What an export is worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field

from tunebook.core.nouns import Record


class Proof(Record):
    """A bundle beside its run.

    Attributes:
        rows: validation rows that both answered; equal_share: of these, on which they say the same, None where only
            outputs were compared.
        max_difference: largest of the outputs, of those rows and of odd shapes (one token, the longest, holes).
    """

    rows: int
    equal_share: float | None = None
    max_difference: float


class Exported(Record):
    """A model that was exported.

    Attributes:
        folder, run: where it is, and of what; kind: `onnx`, `torch`, `hf`; bytes: of all files.
        proof: None where the export has another one of its own, as merging has.
        scores: on the validation rows; latency_ms: `p50`, `p95`, `p99` of single rows on one thread.
        reused: it was there already; version: of a model in a repository of Triton.
        loss: what of the score a smaller model costs, as `compare.Change` says it.
    """

    folder: Path
    run: str
    kind: str
    bytes: int
    proof: Proof | None = None
    scores: dict[str, float] = Field(default_factory=dict)
    latency_ms: dict[str, float] = Field(default_factory=dict)
    reused: bool = False
    version: int | None = None
    loss: dict[str, Any] = Field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As `export --json` prints it."""
        found = self.model_dump(
            mode="json", exclude={"folder", *(name for name in ("version", "loss") if not getattr(self, name))}
        )
        return {"bundle": str(self.folder), **found}


def size_of(folder: Path) -> int:
    """Bytes of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


__all__ = ["Exported", "Proof", "size_of"]
