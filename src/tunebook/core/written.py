"""Texts that models have written, packed as the matrix (N, k) of floats that all answers are.

A code point is below 2^21 and so exact in float32. Targets of such rows are an array (N,) of texts, `TEXTS`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# A bundle also answers with numpy 1, as Triton's Python backend has it, which knows no such texts and needs none.
TEXTS: Any = np.dtypes.StringDType() if hasattr(np.dtypes, "StringDType") else np.dtype(object)
# Columns in front of the text.
_LOSS, _TOKENS, _RIGHT, _CHARACTERS, _STOPPED, _MADE, _LENGTH, _START = range(8)
FIGURES = _LENGTH  # number of those in front of the length


@dataclass(frozen=True)
class Written:
    """What a model says of rows, a line each.

    Attributes:
        texts: what it writes; empty where it wrote nothing, or was not asked to.
        figures: shape (N, FIGURES): the sum of the losses of the true answer's learnt tokens (nats), the number of
            these, how many of them it would have said, the characters that they stand for (NaN for those of the whole
            true answer), 1 where its own text ended by itself and not at the limit, and the number of tokens of that
            text. NaN where it was not asked, or there is no true answer.
    """

    texts: Sequence[str]
    figures: NDArray[np.float32]

    @classmethod
    def of(cls, answers: NDArray[np.float32]) -> Written:
        """From a matrix of `matrix`, which may be wider; a row of NaN has written nothing."""
        whole = np.nan_to_num(answers[:, _LENGTH:], nan=0.0)
        points = whole.astype(np.uint32)
        texts = [line[1 : 1 + line[0]].astype("<u4").tobytes().decode("utf-32-le") for line in points]
        return cls(texts, answers[:, :FIGURES])

    @property
    def losses(self) -> NDArray[np.float32]:
        """Sum of the losses of each true answer, shape (N,)."""
        return self.figures[:, _LOSS]

    @property
    def tokens(self) -> NDArray[np.float32]:
        """Number of its learnt tokens, shape (N,)."""
        return self.figures[:, _TOKENS]

    @property
    def right(self) -> NDArray[np.float32]:
        """How many of them the model would have said, shape (N,)."""
        return self.figures[:, _RIGHT]

    @property
    def characters(self) -> NDArray[np.float32]:
        """Characters that those tokens stand for, shape (N,); NaN for those of the whole true answer."""
        return self.figures[:, _CHARACTERS]

    @property
    def stopped(self) -> NDArray[np.float32]:
        """1 where the model's own text ended by itself, shape (N,)."""
        return self.figures[:, _STOPPED]

    @property
    def made(self) -> NDArray[np.float32]:
        """Number of tokens of the model's own text, shape (N,)."""
        return self.figures[:, _MADE]

    def beside(self, read: NDArray[np.float32]) -> NDArray[np.float32]:
        """The matrix of these texts, with what was read of the true answers, of which `read` is a matrix."""
        figures = self.figures.copy()
        figures[:, : _CHARACTERS + 1] = read[:, : _CHARACTERS + 1]
        return Written(self.texts, figures).matrix()

    def matrix(self) -> NDArray[np.float32]:
        """Shape (N, 7 + the longest text): the figures, the number of code points, and these."""
        coded = [np.frombuffer(text.encode("utf-32-le", "replace"), dtype="<u4") for text in self.texts]
        found = np.zeros((len(coded), _START + max(map(len, coded), default=0)), dtype=np.float32)
        found[:, :FIGURES] = self.figures
        found[:, _LENGTH] = [len(points) for points in coded]
        for line, points in zip(found, coded, strict=True):
            line[_START : _START + len(points)] = points
        return found


def texts_of(texts: Sequence[str]) -> NDArray[np.generic]:
    """Texts as targets, shape (N,)."""
    return np.array(list(texts), dtype=TEXTS)


__all__ = ["FIGURES", "TEXTS", "Written", "texts_of"]
