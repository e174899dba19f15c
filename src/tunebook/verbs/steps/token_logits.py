"""What a language model says of the tokens of texts, as numbers by which it can be compared with another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tunebook.core.task import Rows
    from tunebook.engine.load import Net

ROWS, PLACES = 8, 16  # of so many rows so many places: a place has a logit of every word


def token_logits(net: Net, rows: Rows) -> NDArray[np.float32]:
    """The logits at the last tokens of the first rows, question and answer as they stand, shape (places, vocabulary).

    Args:
        net: with a decoder, or an encoder and a decoder, which is then shown the question.
        rows: with texts as targets, one a row or several.
    """
    import torch

    device = next(net.model.parameters()).device
    found = []
    for text, answer in zip(rows.texts[:ROWS], _answers(rows), strict=True):
        asked, said = (net.tokenizer(part, add_special_tokens=False)["input_ids"] for part in (text, answer))
        if net.model.config.is_encoder_decoder:
            start = net.model.config.decoder_start_token_id
            given = {"input_ids": asked[: net.max_length] or [start], "decoder_input_ids": [start, *said[: PLACES - 1]]}
        else:
            given = {"input_ids": [*asked, *said][-net.max_length :]}
        with torch.no_grad():
            tokens = {name: torch.tensor([ids], device=device) for name, ids in given.items()}
            found.append(net.model(**tokens).logits[0, -PLACES:].float().cpu().numpy())
    return np.concatenate(found)


def _answers(rows: Rows) -> list[str]:
    """The first text of each target."""
    assert rows.targets is not None
    return [str(np.atleast_1d(target)[0]) for target in rows.targets[:ROWS]]


__all__ = ["PLACES", "ROWS", "token_logits"]
