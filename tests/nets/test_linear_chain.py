"""The chain against the sum over every single sequence, against pytorch-crf, and against finite differences."""

from __future__ import annotations

from itertools import product

import pytest
import torch
import torchcrf

from tunebook.nets.linear_chain import LinearChain, Moves, by_rows, chain_of, in_chain, stored_chain
from tunebook.tasks.tagging.tags import grammar

SIZES = [4, 1, 5, 3]
REAL = torch.arange(5) < torch.tensor(SIZES)[:, None]


def drawn(classes, seed=0, spread=2.0):
    """A chain of random scores, logits of rows of these sizes with rubbish behind, and the chain's module."""
    draw = torch.Generator().manual_seed(seed)
    chain = LinearChain(classes)
    with torch.no_grad():
        for item in chain.parameters():
            item.copy_(torch.randn(item.shape, generator=draw))
    return chain, torch.randn(4, 5, classes, generator=draw, dtype=torch.float64) * spread


def allowed(path):
    """Whether every I follows B or I of its type."""
    return all(
        tag == 0 or tag % 2 == 1 or (place and path[place - 1] in (tag, tag - 1)) for place, tag in enumerate(path)
    )


def by_hand(chain, logits, path):
    """The formula, term by term."""
    score = chain.start[path[0]] + chain.end[path[-1]]
    for place, tag in enumerate(path):
        score = score + logits[place, tag] + (chain.transitions[path[place - 1], tag] if place else 0)
    return float(score.detach())


@pytest.fixture(params=[3, 5])
def case(request):
    chain, logits = drawn(request.param, request.param)
    begins, follows = (torch.from_numpy(part) for part in grammar(request.param))
    paths = [
        {
            path: by_hand(chain, logits[row], path)
            for path in product(range(request.param), repeat=size)
            if allowed(path)
        }
        for row, size in enumerate(SIZES)
    ]
    return chain, logits, chain.moves(begins, follows), paths


def test_the_grammar_is_that_of_single_pairs():
    for count in (1, 3, 7):
        begins, follows = grammar(count)
        assert begins.tolist() == [allowed((tag,)) for tag in range(count)]
        # A pair is judged by itself: the first of the two may have come from anywhere.
        pairs = [[tag == 0 or tag % 2 == 1 or one in (tag, tag - 1) for tag in range(count)] for one in range(count)]
        assert follows.tolist() == pairs


def test_all_sequences_are_summed_the_best_is_found_and_chances_are_shares(case):
    _, logits, moves, paths = case
    total, best, chances = moves.total(logits, REAL).detach(), moves.best(logits, REAL), moves.chances(logits, REAL)
    for row, scored in enumerate(paths):
        scores = torch.tensor(list(scored.values()), dtype=torch.float64)
        assert float(total[row]) == pytest.approx(float(scores.logsumexp(0)), rel=1e-5)
        assert tuple(best[row, : SIZES[row]].tolist()) == max(scored, key=scored.get)
        expected = torch.zeros(SIZES[row], logits.shape[2], dtype=torch.float64)
        for path, share in zip(scored, scores.softmax(0), strict=True):
            expected[range(SIZES[row]), list(path)] += share
        torch.testing.assert_close(chances[row, : SIZES[row]].double(), expected, rtol=1e-4, atol=1e-7)


def test_the_loss_is_the_logarithm_of_a_share_and_ignores_what_stands_behind(case):
    _, logits, moves, paths = case
    classes = torch.zeros(4, 5, dtype=torch.long)
    for row, scored in enumerate(paths):
        classes[row, : SIZES[row]] = torch.tensor(list(scored)[len(scored) // 2])
    found = moves.surprise(logits, REAL, classes).detach()
    for row, scored in enumerate(paths):
        scores = torch.tensor(list(scored.values()), dtype=torch.float64)
        own = scored[tuple(classes[row, : SIZES[row]].tolist())]
        assert float(found[row]) == pytest.approx(float(scores.logsumexp(0)) - own, rel=1e-4, abs=1e-5)
    again = logits.clone()
    again[~REAL] = 1e9
    behind = classes.masked_fill(~REAL, 1)
    torch.testing.assert_close(moves.surprise(again, REAL, behind).detach(), found)


def test_gradients_are_finite_differences():
    chain, logits = drawn(5, 1)
    chain = chain.double()
    begins, follows = (torch.from_numpy(part) for part in grammar(5))
    classes = torch.tensor([[1, 2, 0, 3, 0], [0, 0, 0, 0, 0], [3, 4, 4, 1, 1], [0, 1, 2, 0, 0]])

    def loss(given, transitions, start, end):
        moves = Moves(start.masked_fill(~begins, -torch.inf), transitions.masked_fill(~follows, -torch.inf), end)
        return moves.surprise(given, REAL, classes)

    parts = (chain.transitions, chain.start, chain.end)
    inputs = (logits.requires_grad_(), *(part.detach().clone().requires_grad_() for part in parts))
    assert torch.autograd.gradcheck(loss, inputs)


@pytest.mark.parametrize("classes", [2, 6])
def test_without_a_grammar_it_is_pytorch_crf(classes):
    chain, logits = drawn(classes, 3)
    logits = logits.float()
    other = torchcrf.CRF(classes, batch_first=True)
    with torch.no_grad():
        for own, theirs in (
            (chain.start, other.start_transitions),
            (chain.end, other.end_transitions),
            (chain.transitions, other.transitions),
        ):
            theirs.copy_(own)
    all_may = torch.ones(classes, dtype=torch.bool)
    moves = chain.moves(all_may, all_may.expand(classes, classes))
    tags = torch.randint(classes, (4, 5), generator=torch.Generator().manual_seed(0))
    found = moves.surprise(logits, REAL, tags)
    torch.testing.assert_close(-found, other(logits, tags, REAL, reduction="none"), rtol=1e-5, atol=1e-5)
    best = moves.best(logits, REAL)
    assert [best[row, :size].tolist() for row, size in enumerate(SIZES)] == other.decode(logits, REAL)
    found.sum().backward()
    own = [item.grad.clone() for item in (chain.start, chain.end, chain.transitions)]
    (-other(logits, tags, REAL)).backward()
    theirs = [item.grad for item in (other.start_transitions, other.end_transitions, other.transitions)]
    for one, two in zip(own, theirs, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)


def test_long_rows_and_large_logits_stay_finite():
    """Sums of 3,000 items of logits of hundreds would overflow outside of logarithms."""
    begins, follows = (torch.from_numpy(part) for part in grammar(5))
    chain = LinearChain(5)
    logits = (torch.randn(2, 3000, 5, generator=torch.Generator().manual_seed(0)) * 300).requires_grad_()
    real = torch.ones(2, 3000, dtype=torch.bool)
    moves = chain.moves(begins, follows)
    loss = moves.surprise(logits, real, moves.best(logits, real))
    loss.sum().backward()
    assert torch.isfinite(loss).all() and torch.isfinite(logits.grad).all()
    assert all(torch.isfinite(item.grad).all() for item in chain.parameters())
    assert float(loss.detach().min()) >= -1.0, "the best sequence has a chance of at most 1, but for rounding"
    chances = moves.chances(logits, real)
    torch.testing.assert_close(chances.sum(2), torch.ones(2, 3000))


def test_items_become_rows_and_rows_without_items_are_left_out():
    values, row = torch.arange(1, 7.0)[:, None], torch.tensor([0, 0, 3, 5, 5, 5])
    padded, real = by_rows(values, row)
    assert padded[:, :, 0].tolist() == [[1, 2, 0], [3, 0, 0], [4, 5, 6]]
    assert real.sum(1).tolist() == [2, 1, 3]
    nothing, none = by_rows(values[:0], row[:0])
    assert nothing.shape == (0, 0, 1) and none.shape == (0, 0)
    moves = LinearChain(1).moves(*(torch.from_numpy(part) for part in grammar(1)))
    assert moves.surprise(nothing, none, none.long()).shape == (0,)


def test_a_larger_one_takes_up_what_a_smaller_one_has_learnt():
    small, _ = drawn(3)
    large = LinearChain(5)
    large.take(small)
    assert torch.equal(large.transitions[:3, :3], small.transitions) and torch.equal(large.end[:3], small.end)
    assert not large.transitions[3:].any() and not large.transitions[:, 3:].any() and not large.start[3:].any()


def test_it_is_found_in_a_model_and_in_its_folder(tmp_path):
    from safetensors.torch import save_file

    chain, _ = drawn(3)
    model = torch.nn.Module()
    assert chain_of(model) is None
    model.crf = torch.nn.Module()
    model.crf.original_module, model.crf.copies = LinearChain(3), torch.nn.ModuleDict({"default": chain})
    assert chain_of(model) is chain
    assert all(in_chain(name) for name, _ in model.named_parameters()) and not in_chain("classifier.crf_like.weight")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    save_file({"head": torch.zeros(1)}, tmp_path / "model.safetensors")
    assert stored_chain(tmp_path) is None
    save_file({f"crf.{name}": item for name, item in chain.state_dict().items()}, tmp_path / "model.safetensors")
    found = stored_chain(tmp_path)
    assert all(torch.equal(item, chain.state_dict()[name]) for name, item in found.state_dict().items())
