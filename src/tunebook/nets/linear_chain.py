"""A linear-chain conditional random field: scores of sequences of classes, of which each hangs on the one before it.

The score of a sequence y of items with logits s is start[y_1] + sum of s_t[y_t] + sum of transitions[y_t-1, y_t] +
end[y_n]; its chance is exp of that over the sum of the same of all sequences that are allowed. Rows of a batch are
sequences of any length: `real` (rows, longest) says which items there are, the first ones of each row.

Source: Lafferty, McCallum and Pereira 2001, Conditional random fields; the recursions are those of Rabiner 1989
(doi:10.1109/5.18626), in logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from tunebook.models.heads import stored_weight
from tunebook.models.source import read_config

NAME = "crf"  # of the child that a model has; transformers knows nothing of it
_PARTS = ("transitions", "start", "end")


class LinearChain(nn.Module):
    """What a model has learnt of which class follows which; at first all are alike.

    Attributes:
        transitions: from the one to the other, shape (classes, classes); start, end: of the first and the last one.
    """

    def __init__(self, classes: int, device: torch.device | None = None) -> None:
        super().__init__()
        self.transitions = nn.Parameter(torch.zeros(classes, classes, device=device))
        self.start = nn.Parameter(torch.zeros(classes, device=device))
        self.end = nn.Parameter(torch.zeros(classes, device=device))

    def moves(self, begins: Tensor, follows: Tensor) -> Moves:
        """Its scores where they are allowed.

        Args:
            begins: whether a class may come first, (classes,); follows: whether one may stand behind another,
                (classes, classes).
        """
        follow = self.transitions.masked_fill(~follows, -torch.inf)
        return Moves(self.start.masked_fill(~begins, -torch.inf), follow, self.end)

    @torch.no_grad()
    def take(self, other: LinearChain) -> None:
        """Begin with what another one has learnt of the classes that come first here."""
        for name in _PARTS:
            learnt, own = getattr(other, name), getattr(self, name)
            own[tuple(slice(size) for size in learnt.shape)] = learnt.to(own)


def chain_of(model: nn.Module) -> LinearChain | None:
    """That of a model; where a method keeps a copy beside the one that is trained, the latter. None without one."""
    return next((module for module in reversed(list(model.modules())) if isinstance(module, LinearChain)), None)


def in_chain(name: str) -> bool:
    """Whether a parameter of this name belongs to one."""
    return NAME in name.split(".")


def stored_chain(folder: Path) -> LinearChain | None:
    """That of a trained model's folder; None where it has none."""
    config = read_config(folder)
    found = {name: stored_weight(folder, config, f"{NAME}.{name}") for name in _PARTS}
    if found["transitions"] is None:
        return None
    chain = LinearChain(len(found["transitions"]))
    chain.load_state_dict(found)
    return chain


@dataclass(frozen=True)
class Moves:
    """Scores of a first class (classes,), from one to another (classes, classes), and of a last one
    (classes,); -inf where it is not allowed."""

    start: Tensor
    follow: Tensor
    end: Tensor

    def total(self, logits: Tensor, real: Tensor) -> Tensor:
        """Logarithm of the sum over all sequences of exp of their scores, (rows,): the forward algorithm.

        Args:
            logits: (rows, longest, classes).
        """
        return (self._ahead(logits, real)[-1] + self.end).logsumexp(dim=1)

    def _ahead(self, logits: Tensor, real: Tensor) -> list[Tensor]:
        """For each item the logarithms of the sums over all sequences up to it, by its class, (rows, classes)."""
        found = [self.start + logits[:, 0]]
        for step in range(1, logits.shape[1]):
            moved = (found[-1][:, :, None] + self.follow).logsumexp(dim=1) + logits[:, step]
            found.append(torch.where(real[:, step, None], moved, found[-1]))
        return found

    def score(self, logits: Tensor, real: Tensor, classes: Tensor) -> Tensor:
        """Of one sequence (rows, longest) of each row, (rows,)."""
        own = logits.gather(2, classes[:, :, None])[:, :, 0].masked_fill(~real, 0)
        steps = self.follow[classes[:, :-1], classes[:, 1:]].masked_fill(~real[:, 1:], 0)
        last = classes.gather(1, real.sum(dim=1, keepdim=True) - 1)[:, 0]
        return self.start[classes[:, 0]] + own.sum(dim=1) + steps.sum(dim=1) + self.end[last]

    def surprise(self, logits: Tensor, real: Tensor, classes: Tensor) -> Tensor:
        """Negative log-likelihood of one sequence of each row, (rows,)."""
        if not len(logits):
            return logits.sum(dim=(1, 2))
        return self.total(logits, real) - self.score(logits, real, classes)

    @torch.no_grad()
    def chances(self, logits: Tensor, real: Tensor) -> Tensor:
        """Chance of each class of each item, the whole row given, (rows, longest, classes): forward and backward."""
        ahead = self._ahead(logits, real)
        behind = [self.end.expand_as(ahead[0])]
        for step in reversed(range(1, logits.shape[1])):
            moved = (self.follow + (logits[:, step] + behind[-1])[:, None, :]).logsumexp(dim=2)
            behind.append(torch.where(real[:, step, None], moved, behind[-1]))
        return (torch.stack(ahead, dim=1) + torch.stack(behind[::-1], dim=1)).softmax(dim=2)

    @torch.no_grad()
    def best(self, logits: Tensor, real: Tensor) -> Tensor:
        """The sequence of the highest score of each row, (rows, longest); behind a row's items it repeats its last.

        Source: Viterbi 1967 (doi:10.1109/TIT.1967.1054010).
        """
        best = self.start + logits[:, 0]
        stays = torch.arange(logits.shape[2], device=logits.device)
        back = []
        for step in range(1, logits.shape[1]):
            moved, source = (best[:, :, None] + self.follow).max(dim=1)
            here = real[:, step, None]
            best = torch.where(here, moved + logits[:, step], best)
            back.append(torch.where(here, source, stays))
        path = [(best + self.end).argmax(dim=1)]
        for source in reversed(back):
            path.append(source.gather(1, path[-1][:, None])[:, 0])
        return torch.stack(path[::-1], dim=1)


def by_rows(values: Tensor, row: Tensor) -> tuple[Tensor, Tensor]:
    """Values (M, ...) of items that come row by row as (rows, longest, ...), zeros behind, and which of these are real.

    Args:
        row: of each item, (M,); one without an item is left out.
    """
    sizes = torch.unique_consecutive(row, return_counts=True)[1]
    longest = int(sizes.max()) if len(sizes) else 0
    real = torch.arange(longest, device=row.device) < sizes[:, None]
    padded = values.new_zeros(*real.shape, *values.shape[1:])
    padded[real] = values
    return padded, real


__all__ = ["NAME", "LinearChain", "Moves", "by_rows", "chain_of", "in_chain", "stored_chain"]
