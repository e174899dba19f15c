"""One line of tokens in a model's hands: its score as it is, and with some of its tokens taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.batch import Batch, model_inputs
from tunebook.core.explains import Aim
from tunebook.explain.units import Piece

TOKENS_AT_ONCE = 4096
_BY_TOKEN = ("input_ids", "attention_mask", "token_type_ids", "position_ids")


@dataclass(frozen=True)
class Line:
    """A line that is explained.

    A token is taken away by the tokenizer's mask token in its place; a model without one is shown padding there, which
    it does not attend to. So all others keep their positions.

    Attributes:
        inputs: of the model, one line each, without padding.
        pieces: of each token, shape (L,); tokens without a part always stay.
        pad: the padding token; mask: the mask token, None where there is none.
        aim: what is explained.
    """

    model: Any
    inputs: Batch
    pieces: Sequence[Piece]
    pad: int
    mask: int | None
    aim: Aim

    @classmethod
    def of(cls, model: Any, batch: Batch, aim: Aim, pieces: Sequence[Piece], tokenizer: Any) -> Line:
        """The line of a batch that an aim names."""
        return cls(model, line_of(batch, aim.line), pieces, tokenizer.pad_token_id, tokenizer.mask_token_id, aim)

    @property
    def ids(self) -> Any:
        """The tokens, a tensor of shape (1, L)."""
        return self.inputs["input_ids"]

    @property
    def explained(self) -> NDArray[np.bool_]:
        """Which tokens are of a text, shape (L,)."""
        return np.array([bool(piece.part) for piece in self.pieces])

    def passed(self, ids: Any, attended: Any = None, **how: bool) -> Any:
        """The model's outputs for other tokens in this line's place, shape (V, L).

        Args:
            attended: 1 for tokens that are attended to; None for the line's own. how: what the model is told beside.
        """
        inputs = {name: value.expand(len(ids), *value.shape[1:]) for name, value in self.inputs.items()}
        inputs["input_ids"] = ids
        if attended is not None:
            inputs["attention_mask"] = attended
        inputs |= how
        return self.model(**inputs) if self.aim.run is None else self.aim.run(self.model, inputs)

    def score(self, ids: Any) -> Any:
        """Their scores, which torch can derive, shape (V,)."""
        return self.aim.score(self.passed(ids))

    def scores(self, kept: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Scores where only these tokens are shown, shape (V,), of (V, L)."""
        import torch

        found = []
        with torch.inference_mode():
            for part in self._parts(kept):
                shown = torch.from_numpy(part).to(self.ids.device)
                ids = torch.where(shown, self.ids, self.pad if self.mask is None else self.mask)
                attended = None if self.mask is not None else shown.to(self.inputs["attention_mask"])
                found.append(self.aim.score(self.passed(ids, attended)).double().cpu().numpy())
        return np.concatenate(found) if found else np.zeros(0)

    def _parts(self, kept: NDArray[np.bool_]) -> Iterator[NDArray[np.bool_]]:
        size = lines_at_once(kept.shape[1])
        for start in range(0, len(kept), size):
            yield kept[start : start + size]


def lines_at_once(length: int) -> int:
    """How many lines of so many tokens a pass takes."""
    return max(TOKENS_AT_ONCE // max(length, 1), 1)


def line_of(batch: Batch, number: int) -> Batch:
    """What a model reads of one line, without padding."""
    inputs: Mapping[str, Any] = model_inputs(batch)
    real = int(inputs["attention_mask"][number].sum())
    return {
        name: value[number : number + 1, :real] if name in _BY_TOKEN else value[number : number + 1]
        for name, value in inputs.items()
    }


__all__ = ["TOKENS_AT_ONCE", "Line", "line_of", "lines_at_once"]
