"""The noise is that of the paper: its size, its rows, its draws."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.techniques.attacked import clean_loss, small_net
from tunebook.techniques.neftune import Neftune

NEUTRAL = {"alpha": 0.0}


def noise_of(alpha: float, calls: int = 1) -> tuple[list[Tensor], dict[str, Tensor], dict[str, float]]:
    """What was added to the embedded words in each call."""
    net, run, batch = small_net(rows=16)
    seen: list[Tensor] = []
    words = net.bert.embeddings.word_embeddings(batch["input_ids"]).detach()

    def look(model: Any, given: dict[str, Tensor]) -> Any:
        handle = net.bert.embeddings.word_embeddings.register_forward_hook(lambda m, args, out: seen.append(out))
        found = clean_loss(model, given)
        handle.remove()
        return found

    loss = Neftune(alpha=alpha).around_loss(look, run)
    for _ in range(calls):
        loss(net, batch)
    return [found.detach() - words for found in seen], batch, run.counters["neftune"]


def test_it_is_uniform_and_as_wide_as_alpha_over_the_root_of_tokens_times_width() -> None:
    (noise,), batch, counters = noise_of(5.0)
    mask = batch["attention_mask"]
    limit = 5.0 / (mask.sum(1) * 16).float().sqrt()
    assert not noise[mask == 0].any()
    shares = (noise / limit[:, None, None])[mask == 1]
    assert shares.abs().max() <= 1 + 1e-5
    assert float(shares.mean()) == pytest.approx(0, abs=0.05)
    assert float(shares.var()) == pytest.approx(1 / 3, rel=0.1)
    assert counters["mean_norm"] == pytest.approx(5.0 / 3**0.5, rel=0.05)
    assert counters["rows"] == 16


def test_every_batch_has_its_own() -> None:
    noise, _, _ = noise_of(5.0, calls=2)
    assert not torch.equal(noise[0], noise[1])


def test_the_loss_is_that_over_the_noisy_words() -> None:
    net, run, batch = small_net()
    loss, _ = Neftune(alpha=20).around_loss(clean_loss, run)(net, batch)
    assert loss != clean_loss(net, batch)[0]


def test_without_strength_the_loss_itself_is_left() -> None:
    _, run, _ = small_net()
    assert Neftune(**NEUTRAL).around_loss(clean_loss, run) is clean_loss
