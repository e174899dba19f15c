"""Losses of preferences, from what a model and the model before its training say of whole answers.

All take the sum of the log-probabilities of an answer's learnt tokens, one number an answer, and give one loss a pair
or an answer; what is a mean of them, and over what, the criterion says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_SURE = -1e-6  # mean log-probability of an answer at most: the odds of one that is certain have no end


@dataclass(frozen=True)
class Answers:
    """What is said of answers, each a tensor of shape (P,).

    Attributes:
        logs: sum of the log-probabilities of the tokens of each.
        before: the same by the model before its training; what it says of answers is never trained.
        tokens: number of these tokens.
    """

    logs: Tensor
    before: Tensor
    tokens: Tensor

    @property
    def gained(self) -> Tensor:
        """Logarithm of how many times as likely the answer has become."""
        return self.logs - self.before

    @property
    def mean(self) -> Tensor:
        """Mean log-probability of a token; below 0."""
        return self.logs / self.tokens.clamp_min(1)


def sigmoid(better: Answers, worse: Answers, beta: float, smoothing: float = 0.0) -> Tensor:
    """DPO: -log sigmoid(beta m), with m = how much more the better answer has gained than the worse one.

    Args:
        smoothing: share of the pairs that are taken to be the wrong way round (cDPO).

    Source: Rafailov et al. 2023 (arXiv:2305.18290), formula 7; cDPO: Mitchell 2023 (ericmitchell.ai/cdpo.pdf).
    """
    from torch.nn.functional import logsigmoid

    margin = beta * (better.gained - worse.gained)
    return -(1 - smoothing) * logsigmoid(margin) - smoothing * logsigmoid(-margin)


def hinge(better: Answers, worse: Answers, beta: float) -> Tensor:
    """max(0, 1 - beta m): pairs that are far enough apart count nothing.

    Source: Zhao et al. 2023 (SLiC-HF, arXiv:2305.10425), on the margin of DPO as TRL has it.
    """
    return (1 - beta * (better.gained - worse.gained)).clamp_min(0)


def ipo(better: Answers, worse: Answers, beta: float) -> Tensor:
    """(m - 1 / (2 beta))^2, m being that of what is gained a token: no pair is to be pulled apart without end.

    Source: Azar et al. 2023 (arXiv:2310.12036), formula 17; a mean over tokens as its authors and TRL have it.
    """
    apart = better.gained / better.tokens.clamp_min(1) - worse.gained / worse.tokens.clamp_min(1)
    return (apart - 1 / (2 * beta)).square()


def odds(better: Answers, worse: Answers, weight: float) -> Tensor:
    """ORPO's -weight log sigmoid of the log-odds ratio of the two, of their mean token probabilities; without a model
    before. What is learnt of the better answer itself, the mean of its losses a token, is added: formula 6.

    Source: Hong et al. 2024 (arXiv:2403.07691), formulas 6 and 7.
    """
    from torch.nn.functional import logsigmoid

    return -better.mean - weight * logsigmoid(log_odds(better.mean) - log_odds(worse.mean))


def log_odds(logs: Tensor) -> Tensor:
    """log(p / (1 - p)) from log p below 0."""
    logs = logs.clamp_max(_SURE)
    return logs - (-logs.expm1()).log()


def kto(answers: Answers, good: Tensor, point: Tensor, beta: float, weights: tuple[float, float]) -> Tensor:
    """KTO: how far the value of an answer is from 1: sigmoid(beta (gained - point)) of a good one, and of a bad one
    sigmoid(beta (point - gained)).

    Args:
        good: 1 for a good answer and 0 for a bad one, shape (P,).
        point: what is gained where there is nothing to gain, a number; see `reference_point`.
        weights: of good and of bad answers.

    Source: Ethayarajh et al. 2024 (arXiv:2402.01306), formulas 7 and 8.
    """
    side = 2 * good - 1
    lost = 1 - (beta * side * (answers.gained - point)).sigmoid()
    return lost * (weights[0] * good + weights[1] * (1 - good))


def reference_point(unasked: Answers) -> Tensor:
    """The mean of what answers have gained behind prompts that are not theirs, 0 at least; nothing is learnt of it.

    It estimates the divergence of the model from the one before, as TRL does, of the answers of a batch each behind the
    prompt of another row.
    """
    return unasked.gained.detach().mean().clamp_min(0)


__all__ = ["Answers", "hinge", "ipo", "kto", "log_odds", "odds", "reference_point", "sigmoid"]
