"""A merged language model as a GGUF file, proven by reading it back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import ModelError, RunError
from tunebook.core.registry import task_of
from tunebook.verbs.steps.merge import Merged, golden
from tunebook.verbs.steps.runs import Run
from tunebook.verbs.steps.token_logits import ROWS, token_logits

if TYPE_CHECKING:
    from tunebook.core.task import Rows

_AUTO = "AutoModelForCausalLM"
_TOLERANCE = {"f32": 1e-3, "f16": 1e-2, "bf16": 5e-2}  # largest difference of logits, for logits of size one


@dataclass(frozen=True)
class Packed:
    """A GGUF file.

    Attributes:
        kind: how its matrices are kept; rows, difference: as those of `Merged`.
    """

    file: Path
    kind: str
    rows: int
    difference: float


def check(run: Run, kind: str) -> None:
    """Refuse a run of which no GGUF file can be made, before anything is merged; raises as `gguf_of`."""
    from tunebook.models.gguf_file import check_gguf
    from tunebook.models.source import find_model

    auto = task_of(run.plan.task).auto_model
    if auto != _AUTO:
        raise ModelError("gguf.model", key="task", value=run.plan.task, allowed=_AUTO)
    check_gguf(find_model(run.plan.model, allow_pickle=True), kind)


def gguf_of(run: Run, merged: Merged, kind: str) -> Packed:
    """Write a GGUF file into the folder of a merged model.

    Args:
        kind: one of `tunebook.models.gguf_file.KINDS`.

    Raises:
        MachineError, ModelError: as `tunebook.models.gguf_file.write_gguf`.
        RunError: `gguf.differs`, `gguf.tokens`: read back it is another model; it is removed.
    """
    from tunebook.models.gguf_file import write_gguf

    file = merged.folder / f"model-{kind}.gguf"
    with TemporaryDirectory(dir=merged.folder, prefix=".tunebook-") as folder:
        part = Path(folder) / file.name  # alone, or transformers would read the files beside it
        write_gguf(merged.folder, part, kind)
        packed = _proven(run, merged, part, kind)
        part.replace(file)
    return replace(packed, file=file)


def _proven(run: Run, merged: Merged, file: Path, kind: str) -> Packed:
    import numpy as np

    from tunebook.engine.load import load_model
    from tunebook.models.gguf_file import read_gguf

    loaded = load_model(merged.folder, run.plan)
    rows = golden(run)
    model, tokenizer = read_gguf(file)
    for text in _texts(rows):
        read, wanted = (reader(text, add_special_tokens=False)["input_ids"] for reader in (tokenizer, loaded.tokenizer))
        if read != wanted:
            raise RunError("gguf.tokens", key=run.id, value=text)
    own = loaded.net
    before = token_logits(own, rows)
    after = token_logits(replace(own, model=model.eval().to(next(own.model.parameters()).device)), rows)
    difference = float(np.abs(after - before).max())
    if not difference <= _TOLERANCE[kind] * max(1.0, float(np.abs(before).max())):
        raise RunError("gguf.differs", key=run.id, value=difference, rows=min(ROWS, len(rows)))
    return Packed(file, kind, min(ROWS, len(rows)), difference)


def _texts(rows: Rows) -> list[str]:
    """What users and assistants say, line by line: a line break is read in as many ways as there are tokenizers."""
    assert rows.targets is not None
    said: Any = [*rows.texts, *rows.targets.ravel()]
    return [line for text in said for line in str(text).splitlines() if line.strip()]


__all__ = ["Packed", "check", "gguf_of"]
