"""From what a head gives for each token to spans: the most probable tags that make sense together."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name that torch's own documentation uses
from torch import Tensor

from tunebook.bundle.pieces import ELSEWHERE, END, FIRST, PART, START
from tunebook.bundle.spans import SAID
from tunebook.core.batch import Batch
from tunebook.core.encoded import Encoded
from tunebook.nets.linear_chain import LinearChain, by_rows
from tunebook.tasks.tagging.batches import ROW
from tunebook.tasks.tagging.tags import grammar, spans_of


def read(outputs: Any, batch: Batch, chain: LinearChain | None = None) -> Tensor:
    """The spans of each row, as `tunebook.bundle.spans` has them: start, end, type and score of each.

    The tags are those of the highest probability of all sequences in which I follows B or I of its own type. The score
    of a span is the mean probability of its tags; with a chain of each tag in all sequences of its row.
    """
    # On the CPU from here on: many small steps, each of which a GPU would have to be waited for.
    logits, batch = outputs.logits.float().cpu(), {name: batch[name].cpu() for name in (ROW, PART, START, END)}
    rows = int(batch[ROW][-1]) + 1
    counted = batch[PART] != ELSEWHERE
    first = batch[PART][counted] == FIRST
    logits, row = logits[counted], batch[ROW][:, None].expand_as(counted)[counted]
    scores = logits[first].log_softmax(dim=-1)
    if chain is None:
        tags = best_tags(scores, row[first], rows)
        chances = scores.gather(1, tags[:, None])[:, 0].exp()
    else:
        tags, chances = best_of_chain(scores, row[first], chain)
    start, end = batch[START][counted], batch[END][counted]
    ends = np.concatenate([[0], torch.bincount(row[first], minlength=rows).cumsum(0).numpy()])
    pieces = Encoded({START: start[first].numpy(), END: end[first].numpy()}, ends, {})
    found = spans_of(pieces, tags.numpy(), chances.numpy())
    other = logits.argmax(dim=1) != _in_pieces(tags, first, row, start == end)
    how = [torch.bincount(each, minlength=rows) for each in (batch[ROW], row[other & first], row[other & ~first])]
    found.read[:, 1:] = torch.stack(how, dim=1).numpy()
    return torch.from_numpy(found.matrix(SAID))


def _in_pieces(tags: Tensor, first: Tensor, row: Tensor, empty: Tensor) -> Tensor:
    """The tag of each counted token where all of a piece agree: the first has that of the piece, the rest go on with
    it, and a blank goes on with what goes on behind it.

    Args:
        tags: of the pieces; first, row, empty: of all counted tokens, (M,).
    """
    if not len(tags):
        return torch.zeros_like(row)
    number = first.cumsum(0)  # of the piece behind, of tokens that begin none
    own, behind = (number - 1).clamp_min(0), number.clamp_max(len(tags) - 1)
    same = row[first][behind] == row
    goes_on = torch.where(tags > 0, tags + tags % 2, 0)
    blank = torch.where(same & inside(tags[behind]), tags[behind], 0)
    return torch.where(first, tags[own], torch.where(empty, blank, goes_on[own]))


def inside(tags: Tensor) -> Tensor:
    """Whether each tag is an I."""
    return (tags > 0) & (tags % 2 == 0)


def best_tags(scores: Tensor, row: Tensor, rows: int) -> Tensor:
    """The best sequence of each row in which every I follows B or I of its type; shape (M,).

    Args:
        scores: log-probabilities of the pieces of all rows, one after the other, (M, 1 + 2 types); row: of each, (M,).
    """
    tags = scores.argmax(dim=1)
    before = F.pad(tags[:-1], (1, 0))
    same = row == F.pad(row[:-1], (1, 0), value=-1)
    broken = inside(tags) & ~(same & ((before == tags) | (before == tags - 1)))
    if not bool(broken.any()):  # the best tags of each piece alone already make sense: nothing is better than they
        return tags
    mended = torch.zeros(rows, dtype=torch.bool, device=row.device).index_fill(0, row[broken], True)
    chosen = mended[row]
    padded, real = by_rows(scores[chosen], row[chosen])
    return tags.masked_scatter(chosen, viterbi(padded, real)[real])


def best_of_chain(scores: Tensor, row: Tensor, chain: LinearChain) -> tuple[Tensor, Tensor]:
    """The best sequence of each row by what a chain has learnt, and the chance of each of its tags; shapes (M,).

    Args:
        scores: of the pieces of all rows, one after the other, (M, 1 + 2 types); row: of each, (M,).
    """
    begins, follows = (torch.from_numpy(part) for part in grammar(scores.shape[1]))
    moves = copy.deepcopy(chain).cpu().moves(begins, follows)
    padded, real = by_rows(scores, row)
    if not len(scores):
        return row, scores[:, 0]
    tags = moves.best(padded, real)
    return tags[real], moves.chances(padded, real).gather(2, tags[:, :, None])[:, :, 0][real]


def viterbi(scores: Tensor, real: Tensor) -> Tensor:
    """The best sequences of a batch (rows, pieces, tags), of which `real` (rows, pieces) come first; (rows, pieces).

    Only I looks at what stands before it, so that a step costs as much as there are tags.

    Source: Viterbi 1967 (doi:10.1109/TIT.1967.1054010).
    """
    length, count = scores.shape[1:]
    follow = inside(torch.arange(count, device=scores.device))
    best = scores[:, 0].masked_fill(follow, -torch.inf)
    back = []
    for step in range(1, length):
        top, from_top = best.max(dim=1, keepdim=True)
        begun = F.pad(best[:, :-1], (1, 0), value=-torch.inf)  # of an I: the score of its B
        on = torch.maximum(begun, best)
        source = torch.arange(count, device=scores.device) - (begun > best).long()
        moved = torch.where(follow, on, top) + scores[:, step]
        back.append(torch.where(follow, source, from_top))
        best = torch.where(real[:, step, None], moved, best)
        back[-1] = torch.where(real[:, step, None], back[-1], torch.arange(count, device=scores.device))
    path = [best.argmax(dim=1)]
    for source in reversed(back):
        path.append(source.gather(1, path[-1][:, None])[:, 0])
    return torch.stack(path[::-1], dim=1)


__all__ = ["best_of_chain", "best_tags", "inside", "read", "viterbi"]
