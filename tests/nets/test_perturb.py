"""Shifts of embedded words: their lengths, where they act, what is drawn, what is counted."""

from __future__ import annotations

import pytest
import torch

from tests.techniques.attacked import clean_loss, small_net
from tunebook.core.batch import PART, reading
from tunebook.core.technique import RunContext
from tunebook.nets.perturb import Attack, norms, real, shifted, tell, uniform, unit, within


def test_lengths_are_those_of_each_row() -> None:
    shift = torch.zeros(3, 2, 2)
    shift[0] = torch.tensor([[3.0, 0.0], [0.0, 4.0]])
    shift[1, 0, 0] = 1e-12
    assert norms(shift).tolist() == pytest.approx([5.0, 1e-12, 0.0])
    assert norms(unit(shift)).tolist() == pytest.approx([1.0, 1.0, 0.0])
    assert norms(within(shift, 2.0)).tolist() == pytest.approx([2.0, 1e-12, 0.0])
    torch.testing.assert_close(within(shift, 2.0)[0], shift[0] * 0.4)


def test_noise_is_as_wide_as_the_tokens_of_its_row_say() -> None:
    mask = torch.ones(2, 6, 1)
    mask[1, 2:] = 0
    noise = uniform(torch.zeros(2, 6, 5000), mask, 3.0, torch.Generator().manual_seed(0))
    for row, tokens in enumerate((6, 2)):
        limit = 3.0 / (tokens * 5000) ** 0.5
        part = noise[row, :tokens]
        assert part.abs().max() <= limit and part.abs().max() > 0.99 * limit
        assert float(norms(noise)[row]) == pytest.approx(3.0 / 3**0.5, rel=0.02)
    assert not noise[1, 2:].any()


def test_a_shift_acts_inside_alone_and_is_taken_away_after_an_error() -> None:
    net, _, batch = small_net()
    before = clean_loss(net, batch)[0]
    with shifted(net, lambda words: torch.linspace(-1, 1, 16).expand_as(words), {}):
        assert clean_loss(net, batch)[0] != before
    with pytest.raises(RuntimeError), shifted(net, lambda words: torch.ones_like(words), {}):
        raise RuntimeError
    assert torch.equal(clean_loss(net, batch)[0], before)


def test_a_pass_over_some_rows_is_shifted_as_these_rows_are_among_all(monkeypatch: pytest.MonkeyPatch) -> None:
    words = torch.nn.Embedding(9, 4)
    monkeypatch.setattr("tunebook.nets.perturb._words", lambda model: model)
    ids = torch.tensor([[1, 2, 3, 4], [5, 6, 0, 0], [7, 8, 1, 0]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [1, 1, 1, 0]])
    batch, seen = {"attention_mask": mask}, []
    steps = torch.arange(48.0).reshape(3, 4, 4)

    def shift(embedded: torch.Tensor) -> torch.Tensor:
        seen.append(embedded)
        return steps

    some = torch.tensor([False, True, True])
    with shifted(words, shift, batch), reading(batch, some):
        side = words(ids[some, :3])
        line = words(torch.tensor([[5, 6, 7, 8, 1]]))
        with torch.no_grad():
            assert torch.equal(words(ids[:1]), words.weight[ids[:1]])
    assert PART not in batch and len(seen) == 2
    real = mask[some, :3].bool()
    torch.testing.assert_close(side[real], words.weight[ids[some, :3][real]] + steps[some, :3][real])
    torch.testing.assert_close(side[~real], words.weight[ids[some, :3][~real]])
    torch.testing.assert_close(line[0], side[real])
    assert not seen[0][0].any() and torch.equal(seen[0][1, :2], words.weight[ids[1, :2]])


def test_without_a_mask_every_place_is_real() -> None:
    assert real({}, torch.zeros(2, 3, 4)).shape == (2, 3, 1)
    assert real({}, torch.zeros(2, 3, 4)).all()


def test_passes_draw_the_same_and_noise_takes_nothing_from_them() -> None:
    net, run, batch = small_net(dropout=0.5)
    torch.manual_seed(0)
    torch.empty((), dtype=torch.int64).random_()
    plain = clean_loss(net, batch)[0]
    after = torch.get_rng_state()
    torch.manual_seed(0)
    attack = Attack(clean_loss, run, net, batch)
    noise = attack.draw()
    losses = [attack.at().loss]
    torch.randn(100, generator=noise)
    losses += [attack.at().loss, attack.at(torch.zeros(8, 11, 16)).loss]
    assert all(torch.equal(loss, plain) for loss in losses)
    assert torch.equal(torch.get_rng_state(), after), "what comes next is as after one pass"


def test_on_a_gpu_its_own_generator_begins_anew_too(monkeypatch: pytest.MonkeyPatch) -> None:
    net, run, batch = small_net()
    attack = Attack(clean_loss, run, net, batch)
    attack.device = torch.device("cuda")
    put: list[int] = []
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda device: torch.tensor([7]))
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda state, device: put.append(int(state)))
    attack.at()
    attack.at()
    assert put == [7]


def test_in_half_precision_a_small_gradient_keeps_its_direction() -> None:
    """A loss whose gradient of about 1e-8 would be 0 in fp16."""
    net, run, batch = small_net()
    half = net.half()

    def tiny_loss(model: object, given: dict[str, torch.Tensor]) -> object:
        loss, outputs = clean_loss(half, given)
        return loss * 1e-3, outputs

    point = Attack(tiny_loss, run, half, batch).at()
    assert point.shift.dtype == torch.float32
    torch.testing.assert_close(norms(point.uphill()), torch.ones(8))


def test_a_gradient_that_overflowed_is_no_direction() -> None:
    net, run, batch = small_net()
    point = Attack(clean_loss, run, net, batch).at()
    assert not point.uphill(point.loss * float("inf")).isinf().any()


def test_means_are_over_the_rows_that_were_shifted() -> None:
    run = RunContext()
    tell(run, "a", torch.zeros(4, 1, 1), mean_loss=torch.tensor(9.0))
    assert run.counters == {}
    tell(run, "a", torch.tensor([1.0, 3.0]).reshape(2, 1, 1), mean_loss=torch.tensor(1.0))
    tell(run, "a", torch.tensor([5.0, 0.0]).reshape(2, 1, 1), mean_loss=torch.tensor(4.0))
    assert run.counters["a"] == pytest.approx({"rows": 3, "mean_norm": 3.0, "mean_loss": 2.0})
