"""Losses and gradients of preferences are those of TRL's trainers on the same batch, and of their formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.oracle import trl_losses
from tunebook.nets import preference
from tunebook.nets.preference import Answers

WORDS, PAIRS, PROMPT = 11, 3, 2
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


class Given:
    """Random answers of unlike lengths behind prompts of two tokens, and logits of each as leaves that learn."""

    def __init__(self, seed: int, lengths: tuple[int, ...] = (4, 2, 5, 3, 6, 1), prompt: int = PROMPT) -> None:
        draw = torch.Generator().manual_seed(seed)
        longest = prompt + max(lengths)
        self.ids = torch.randint(1, WORDS, (len(lengths), longest), generator=draw)
        place = torch.arange(longest)
        sizes = torch.tensor(lengths)[:, None] + prompt
        self.mask = (place < sizes).long()
        self.learnt = ((place >= prompt) & (place < sizes)).long()
        self.logits = (2 * torch.randn(*self.ids.shape, WORDS, generator=draw)).requires_grad_()
        self.before = -3 * torch.rand(len(lengths), generator=draw) * sizes[:, 0]

    def answers(self, rows: slice) -> Answers:
        """Sums of the log-probabilities of the learnt tokens, by a loop."""
        logs = []
        for ids, learnt, logits in zip(self.ids[rows], self.learnt[rows], self.logits[rows], strict=True):
            tokens = [logits[at - 1].log_softmax(-1)[ids[at]] for at in range(1, len(ids)) if learnt[at]]
            logs.append(torch.stack(tokens).sum())
        return Answers(torch.stack(logs), self.before[rows], self.learnt[rows].sum(1))

    def gradient(self, loss: Tensor) -> Tensor:
        (found,) = torch.autograd.grad(loss, self.logits)
        return found

    def told(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The logits of these very lines, for TRL."""
        lines = [next(n for n in range(len(self.ids)) if torch.equal(self.ids[n, : len(row)], row)) for row in ids]
        return self.logits[lines, : ids.shape[1]]


def same(given: Given, ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, **CLOSE)
    torch.testing.assert_close(given.gradient(ours), given.gradient(theirs), **CLOSE)


@pytest.mark.parametrize("beta", [0.1, 0.7])
@pytest.mark.parametrize("loss", ["sigmoid", "hinge", "ipo"])
def test_dpo_is_trls(loss: str, beta: float) -> None:
    given = Given(1)
    batch = {"input_ids": given.ids, "attention_mask": given.mask, "completion_mask": given.learnt,
             "ref_chosen_logps": given.before[:PAIRS], "ref_rejected_logps": given.before[PAIRS:]}  # fmt: skip
    better, worse = given.answers(slice(PAIRS)), given.answers(slice(PAIRS, None))
    ours = getattr(preference, loss)(better, worse, beta).mean()
    same(given, ours, trl_losses.dpo(given.told, batch, loss, beta))


@pytest.mark.parametrize("good", [(1, 0, 1, 0, 0, 1), (1, 1, 1, 1, 1, 1), (0, 0, 0, 0, 0, 0)])
def test_kto_is_trls_with_answers_behind_other_prompts(good: tuple[int, ...]) -> None:
    given, lines = Given(2), 6
    unasked = Given(3, (2, 4, 1, 5, 3, 6))
    unasked.before = unasked.before * 3  # else the point is below 0, and cut off there
    batch = {"input_ids": given.ids, "attention_mask": given.mask, "completion_mask": given.learnt,
             "KL_input_ids": unasked.ids, "KL_attention_mask": unasked.mask, "KL_completion_mask": unasked.learnt,
             "ref_logps": given.before, "ref_KL_logps": unasked.before, "label": torch.tensor(good).bool()}  # fmt: skip

    def told(ids: Tensor, mask: Tensor) -> Tensor:
        return (given if torch.equal(ids, given.ids) else unasked).told(ids, mask)

    point = preference.reference_point(unasked.answers(slice(None)))
    assert point > 0 and not point.requires_grad
    found = preference.kto(given.answers(slice(None)), torch.tensor(good), point, 0.3, (1.5, 0.5))
    assert found.shape == (lines,)
    same(given, found.mean(), trl_losses.kto(told, batch, 0.3, (1.5, 0.5)))


def test_a_reference_point_is_not_below_zero() -> None:
    lost = Answers(torch.tensor([-5.0, -6.0]), torch.tensor([-1.0, -2.0]), torch.tensor([1, 1]))
    assert preference.reference_point(lost) == 0


def test_orpo_is_trls_where_its_mean_over_tokens_is_one_over_pairs() -> None:
    """TRL learns the prompt too and takes one mean over all tokens: of prompts of one token and answers of one length
    that is the same."""
    given = Given(4, (4, 4, 4, 2, 6, 1), prompt=1)
    labels = torch.where(given.learnt == 1, given.ids, -100)
    parts = {"input_ids": given.ids, "attention_mask": given.mask, "labels": labels}
    batch = {f"{side}_{name}": part[rows] for name, part in parts.items()
             for side, rows in (("chosen", slice(PAIRS)), ("rejected", slice(PAIRS, None)))}  # fmt: skip
    better, worse = given.answers(slice(PAIRS)), given.answers(slice(PAIRS, None))
    same(given, preference.odds(better, worse, 0.4).mean(), trl_losses.orpo(given.told, batch, 0.4))


@pytest.mark.parametrize("smoothing", [0.0, 0.2, 0.5])
def test_smoothing_is_the_cross_entropy_with_pairs_that_are_wrong(smoothing: float) -> None:
    better, worse = (Given(5).answers(rows) for rows in (slice(PAIRS), slice(PAIRS, None)))
    margin = 0.3 * (better.gained - worse.gained)
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(
        margin, torch.full_like(margin, 1 - smoothing), reduction="none"
    )
    torch.testing.assert_close(preference.sigmoid(better, worse, 0.3, smoothing), wanted, **CLOSE)


def test_log_odds_are_those_of_probabilities_and_end_nowhere() -> None:
    share = np.array([1e-9, 0.01, 0.5, 0.9, 0.999])
    found = preference.log_odds(torch.from_numpy(np.log(share)))
    np.testing.assert_allclose(found.numpy(), np.log(share / (1 - share)), rtol=1e-9)
    sure = torch.zeros(2, requires_grad=True)
    preference.log_odds(sure).sum().backward()
    assert torch.isfinite(preference.log_odds(sure)).all() and torch.isfinite(sure.grad).all()
