"""From logits of tokens to answers: the best places of all windows of a row."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tunebook.bundle.answer_windows import END, INSIDE, START
from tunebook.bundle.said import ALWAYS, KEPT, Said
from tunebook.core.batch import Batch
from tunebook.tasks.question_answering.batches import ROW
from tunebook.tasks.question_answering.loss import open_logits

_NEVER = -1e8


def read(outputs: Any, batch: Batch, longest: int, threshold: float | None) -> Tensor:
    """The best places of each row, as `tunebook.bundle.said` has them.

    A place scores the sum of the logits of its first and its last token, and has the best of the windows that hold it;
    that there is no answer scores the sum of those of the first token, in the window where that is lowest.

    Args:
        longest: tokens of an answer.
        threshold: margin from which on there is an answer; None where there always is.

    Source: Devlin et al. 2019 (arXiv:1810.04805), section 4.3.
    """
    start, end = (logits.cpu() for logits in open_logits(outputs, batch))
    inside, row = batch[INSIDE].cpu() > 0, batch[ROW].cpu()
    none = start[:, 0] + end[:, 0]
    scores, first, last = best_places(start, end, inside, longest)
    begins, ends = batch[START].cpu().gather(1, first), batch[END].cpu().gather(1, last)
    rows = int(row[-1]) + 1
    lowest = torch.full((rows,), torch.inf).scatter_reduce(0, row, none, "amin").numpy()
    found: list[dict[tuple[int, int], float]] = [{} for _ in range(rows)]
    columns = (row.tolist(), begins.tolist(), ends.tolist(), scores.tolist())
    for number, *places in zip(*columns, strict=True):
        known = found[number]
        for one, other, score in zip(*places, strict=True):
            if score > _NEVER / 2:
                known[one, other] = max(score, known.get((one, other), _NEVER))
    best = [sorted(known.items(), key=lambda item: (-item[1], item[0]))[:KEPT] for known in found]
    candidates = [np.array([(*place, score) for place, score in each]).reshape(-1, 3) for each in best]
    margins = np.array(
        [each[0, 2] - none if len(each) else _NEVER for each, none in zip(candidates, lowest.tolist(), strict=True)]
    )
    above = np.full(rows, ALWAYS if threshold is None else threshold)
    windows = torch.bincount(row, minlength=rows).numpy()
    return torch.from_numpy(Said(margins, above, windows, candidates).matrix())


def best_places(start: Tensor, end: Tensor, inside: Tensor, longest: int) -> tuple[Tensor, Tensor, Tensor]:
    """Scores, first and last tokens of the best places of each window, (windows, K) each, the best first; what is no
    place scores -1e8 or less.

    Args:
        start, end: logits; inside: tokens that may be the first or the last, all (windows, longest row).
        longest: tokens of an answer.
    """
    width = start.shape[1]
    reach = min(longest, width)
    start, end = start.masked_fill(~inside, _NEVER), end.masked_fill(~inside, _NEVER)
    padded = torch.nn.functional.pad(end, (0, reach - 1), value=_NEVER)
    sums = start[:, :, None] + padded.unfold(1, reach, 1)  # (windows, first token, tokens behind it)
    found = sums.flatten(1).topk(min(2 * KEPT, width * reach), dim=1)
    first = found.indices // reach
    return found.values, first, (first + found.indices % reach).clamp_max(width - 1)


__all__ = ["KEPT", "best_places", "read"]
