"""Loss and gradients of a model on rows are those of TRL's trainers on the same tokens; what counts, what is read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from tests import small
from tests.oracle import trl_losses
from tests.tasks.preference.made import LABELS, TASK, model, reader, rows
from tunebook.tasks.preference.batches import BEFORE, LEARNT, PLACE, UNASKED
from tunebook.tasks.preference.loss import Preferring, learnt_tokens, line_logs, told
from tunebook.tasks.preference.reading import read, said
from tunebook.tasks.preference.rows import PAIRED, PreferenceRows

PAIRS = (("great lovely stay", "very poor"), ("fine", "it was sad and slow"), ("happy we found it", "dirty room"))
CLOSE = {"rtol": 1e-5, "atol": 1e-6}


def batch_of(*pairs: tuple[str, str], unasked: str = "", seed: int = 0) -> dict[str, Any]:
    encoded = TASK.encode(rows(*pairs, how=("mark", unasked, "plain")), reader(), 40)
    before = -5 * np.random.default_rng(seed).random((len(pairs), 3)).astype(np.float32) - 10
    return TASK.collate(TASK.referred(encoded, before), range(len(pairs)), 0)


def trl(batch: dict[str, Any], lines: torch.Tensor, prefix: str = "") -> dict[str, torch.Tensor]:
    """Lines of a batch as TRL's collators name them."""
    return {f"{prefix}input_ids": batch["input_ids"][lines], f"{prefix}attention_mask": batch["attention_mask"][lines],
            f"{prefix}completion_mask": batch[LEARNT][lines]}  # fmt: skip


def gradients(net: Any, loss: torch.Tensor) -> list[torch.Tensor]:
    net.zero_grad()
    loss.backward()
    return [parameter.grad.clone() for parameter in net.parameters()]


def told_logits(net: Any) -> Any:
    return lambda ids, mask: net(input_ids=ids, attention_mask=mask).logits


def compare(net: Any, ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, **CLOSE)
    for mine, other in zip(gradients(net, ours), gradients(net, theirs), strict=True):
        torch.testing.assert_close(mine, other, **CLOSE)


@pytest.mark.parametrize("loss", ["sigmoid", "hinge", "ipo"])
def test_pairs_learn_as_with_trls_dpo(loss: str) -> None:
    net, batch = model(), batch_of(*PAIRS)
    sides = [torch.nonzero(batch[PLACE] == place)[:, 0] for place in (0, 1)]
    theirs = trl(batch, torch.cat(sides))
    theirs |= {"ref_chosen_logps": batch[BEFORE][sides[0]], "ref_rejected_logps": batch[BEFORE][sides[1]]}
    ours = Preferring(PreferenceRows(loss=loss, beta=0.2)).loss(net, batch)[0]
    compare(net, ours, trl_losses.dpo(told_logits(net), theirs, loss, 0.2))


def test_answers_alone_learn_as_with_trls_kto() -> None:
    net = model()
    batch = batch_of(("great lovely stay", ""), ("", "it was sad"), ("fine", ""), unasked="unasked")
    own, other = (torch.nonzero(batch[PLACE] == UNASKED)[:, 0] if each else torch.nonzero(batch[PLACE] < UNASKED)[:, 0]
                  for each in (False, True))  # fmt: skip
    batch[BEFORE][other] -= 40  # else the point is 0
    theirs = {**trl(batch, own), **trl(batch, other, "KL_"), "label": batch[PLACE][own] == 0,
              "ref_logps": batch[BEFORE][own], "ref_KL_logps": batch[BEFORE][other]}  # fmt: skip
    chosen = PreferenceRows(loss="kto", beta=0.05, desirable_weight=1.5, undesirable_weight=0.7)
    compare(net, Preferring(chosen).loss(net, batch)[0],
            trl_losses.kto(told_logits(net), theirs, 0.05, (1.5, 0.7)))  # fmt: skip


@torch.no_grad()
def value(net: Any, criterion: Preferring, batch: dict[str, Any]) -> float:
    return float(criterion.loss(net, batch)[0])


@pytest.mark.parametrize("loss", PAIRED)
def test_the_loss_of_the_better_answer_is_added_a_token(loss: str) -> None:
    net, batch = model(), batch_of(*PAIRS)
    plain, more = (value(net, Preferring(PreferenceRows(loss=loss, sft_weight=weight)), batch) for weight in (0, 0.5))
    first = batch[PLACE] == 0
    nll = -(line_logs(net, batch)[first] / learnt_tokens(batch)[first]).mean().item()
    assert more - plain == pytest.approx(0.0 if loss == "orpo" else 0.5 * nll, abs=1e-5)


def test_rows_that_cannot_be_learnt_and_weights_count_as_they_should() -> None:
    net = model()
    pair, batch = Preferring(PreferenceRows()), batch_of(*PAIRS, ("fine", ""))
    assert float(pair.items(batch)) == 3 and pair.counts(batch)[-1] == 0
    batch["sample_weight"] = torch.tensor([2.0, 2, 0, 0, 1, 1, 9])
    each = [value(net, pair, {**one, BEFORE: kept}) for one, kept in _single(batch)]
    assert value(net, pair, batch) == pytest.approx((2 * each[0] + each[2]) / 3, rel=1e-5)
    nothing = batch_of(("fine", ""))
    assert float(pair.items(nothing)) == 0 and value(net, pair, nothing) == 0


def _single(batch: dict[str, Any]) -> list[tuple[dict[str, Any], torch.Tensor]]:
    """The pairs one by one, with what the model before said."""
    return [(batch_of(pair), batch[BEFORE][2 * place : 2 * place + 2]) for place, pair in enumerate(PAIRS)]


def test_what_is_read_are_the_sums_by_a_loop() -> None:
    net, batch = model(), batch_of(*PAIRS[:2], ("", "sad"), unasked="unasked")
    with torch.no_grad():
        logs = torch.log_softmax(net(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits, -1)
        found = read(TASK.passed(net, batch).logits, batch).numpy().reshape(3, 2, 3)
        whole = said(net, batch)
    sums = [
        sum(float(logs[line, at - 1, batch["input_ids"][line, at]]) for at in torch.nonzero(batch[LEARNT][line])[:, 0])
        for line in range(len(logs))
    ]
    lines = [(row, place) for row, places in enumerate([(0, 1, 2), (0, 1, 2), (1, 2)]) for place in places]
    for line, (row, place) in enumerate(lines):
        assert float(whole[row, place]) == pytest.approx(sums[line], rel=1e-4)
        if place < UNASKED:
            tokens = float(batch[LEARNT][line].sum())
            assert found[row, place] == pytest.approx([sums[line], tokens, float(batch[BEFORE][line])], rel=1e-4)
    assert not found[2, 0].any() and whole[2, 0] == 0
    assert told(net, batch).logits[2] == 0, "answers behind prompts of others are not asked about"


def test_a_criterion_gives_techniques_what_it_compares() -> None:
    net = model()
    for loss, batch in (("sigmoid", batch_of(*PAIRS)), ("kto", batch_of(*PAIRS, unasked="unasked"))):
        criterion = TASK.criterion(LABELS, small.filled(**{"preference.loss": loss}), None)  # type: ignore[arg-type]
        _, outputs = criterion.loss(net, batch)
        items = criterion.flat(outputs, batch)
        assert len(items.logits) == len(items.targets) == len(items.weights) == (3 if loss == "sigmoid" else 6)
        assert float(items.weights.sum()) == float(criterion.items(batch))


def test_a_head_of_another_kind_is_asked_for_its_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    net, batch = model(), batch_of(*PAIRS)
    with torch.no_grad():
        plain = line_logs(net, batch)
        whole = torch.nn.Sequential(net.lm_head)
        monkeypatch.setattr(net, "get_output_embeddings", lambda: whole)
        torch.testing.assert_close(line_logs(net, batch), plain, **CLOSE)
