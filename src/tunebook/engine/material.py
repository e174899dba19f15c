"""What a run trains on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import Rows
from tunebook.core.encoded import Encoded
from tunebook.engine.infer import Beside


@dataclass(frozen=True)
class Material:
    """What a run trains on: base model, tokenizer and tokenised rows.

    Attributes:
        groups: of the validation rows; beside: passages, or training texts, in which looks search.
        rows: the validation rows as they are seen, of tasks that write answers.
        cache: folder in which what can be made again is kept; None keeps nothing.
    """

    model_folder: Path
    tokenizer: Any
    train: Encoded
    validation: Encoded
    groups: NDArray[np.int64] | None = None
    beside: Beside | None = None
    rows: Rows | None = None
    cache: Path | None = None


__all__ = ["Material"]
