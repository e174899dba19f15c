"""What a model that writes is compared with: the beginning of the source, which is hard to beat for summaries of news,
and the base model before training."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.hooks import BaselineInput
from tunebook.core.written import FIGURES, Written
from tunebook.tasks.instruction.baselines import baselines as of_base
from tunebook.tasks.writing.tokens import WIDE

Array = NDArray[Any]
_SENTENCE = re.compile(rf".*?(?:[.!?](?=\s|$|[{WIDE}])|[。！？])", re.S)
_WIDE = re.compile(rf"[{WIDE}]")


def baselines(task: Any, given: BaselineInput) -> Mapping[str, Callable[[], Array]]:
    """`lead` and `base`."""
    targets = given.rows["train"].targets
    assert targets is not None
    lengths = [len(text) for text in targets.tolist()]
    most = round(float(np.mean(lengths))) if lengths else 0
    return {"lead": partial(leads, given.rows[given.split].texts, most), **of_base(task, given)}


def leads(texts: Sequence[str], most: int) -> Array:
    """The first sentence of each text, as far as it has no more than `most` characters."""
    figures = np.tile(np.array([np.nan, np.nan, np.nan, np.nan, 1, np.nan], dtype=np.float32), (len(texts), 1))
    said = [lead(text, most) for text in texts]
    figures[:, FIGURES - 1] = [len(text) for text in said]
    return Written(said, figures).matrix()


def lead(text: str, most: int) -> str:
    """Of one text; a word of a script with blanks stays whole."""
    text = text.strip()
    found = _SENTENCE.match(text)
    first = found.group() if found else text
    if len(first) <= most:
        return first
    cut = first[:most]
    whole = _WIDE.search(cut) or first[most : most + 1].isspace()
    return (cut if whole else cut.rpartition(" ")[0] or cut).rstrip()


__all__ = ["baselines", "lead", "leads"]
