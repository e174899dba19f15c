"""Each method against values worked out by hand: a linear model, masked texts, a hand-made attention."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests import tiny
from tests.explain.bag import CLS, MASK, PAD, Bag, line, units
from tunebook.core.errors import DataError, MachineError, RunError
from tunebook.core.explains import Aim
from tunebook.explain.attention import Attention, attention_of, eager
from tunebook.explain.line import Line, line_of, lines_at_once
from tunebook.explain.method import DEFAULT, Found, Method, method_of, methods
from tunebook.explain.methods import attention_rollout, integrated_gradients, occlusion, random
from tunebook.explain.methods.attention_rollout import rollout
from tunebook.explain.methods.integrated_gradients import MOST, POINTS, Path, Shares, attributions, near
from tunebook.explain.units import Piece

TOKENS = [CLS, 5, 7, 9, 5, 11]


def test_methods_are_found_by_their_modules() -> None:
    modules = (attention_rollout, integrated_gradients, occlusion, random)
    assert set(methods()) == {module.__name__.rsplit(".", 1)[-1] for module in modules}
    assert isinstance(method_of(DEFAULT), Method)
    with pytest.raises(DataError) as refused:
        method_of("shap")
    assert refused.value.code == "explain.method" and "occlusion" in str(refused.value.allowed)


def test_integrated_gradients_of_a_linear_model_have_a_closed_form() -> None:
    model = Bag()
    found = method_of("integrated_gradients").explain(line(model, TOKENS), units(line(model, TOKENS)))
    vectors, weights = model.words.weight.detach().numpy(), model.head.weight.detach().numpy()[0]
    by_hand = [(vectors[token] - vectors[PAD]) @ weights / len(TOKENS) for token in TOKENS[1:]]
    assert found.values == pytest.approx(by_hand, abs=1e-7)
    whole = model.of(TOKENS) - model.of([CLS, *[PAD] * 5])
    assert found.values.sum() == pytest.approx(whole, abs=1e-7)
    assert found.delta == pytest.approx(0, abs=1e-6) and found.steps == POINTS


class Sudden(Bag):
    """One that changes its mind in a thousandth of the path, where any twenty points miss it."""

    def forward(self, input_ids: Any, attention_mask: Any, **how: bool) -> Any:
        start, end = self.of([CLS, *[PAD] * 5]), self.of(TOKENS)
        share = (super().forward(input_ids, attention_mask).logits - start) / (end - start)
        return SimpleNamespace(logits=torch.sigmoid(4000 * (share - 0.003)))


def test_the_path_is_halved_where_the_sum_is_off() -> None:
    asked = line(Sudden(), TOKENS)
    few, found = attributions(asked, POINTS), attributions(asked)
    assert abs(few.delta) > near(few.values, few.whole) and few.points == POINTS
    assert abs(found.delta) <= near(found.values, found.whole) and POINTS < found.points <= MOST
    # The score hangs on the sum of the tokens alone, so that its shares are those of the linear model.
    linear = attributions(line(Bag(), TOKENS))
    assert found.values / found.whole == pytest.approx(linear.values / linear.whole, abs=0.02)
    ends = [Path.of(asked).shares(*stretch).whole for stretch in ((0.0, 0.01), (0.01, 1.0))]
    assert sum(ends) == pytest.approx(found.whole) and isinstance(found, Shares)


def test_captum_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "captum.attr", None)
    asked = line(Bag(), TOKENS)
    with pytest.raises(MachineError) as refused:
        method_of("integrated_gradients").explain(asked, units(asked))
    assert refused.value.code == "machine.extra" and "diagnose" in str(refused.value)


@pytest.mark.parametrize("mask", [MASK, None])
def test_occlusion_is_what_is_lost_without_a_token(mask: int | None) -> None:
    model = Bag()
    asked = line(model, TOKENS, mask)
    found = method_of("occlusion").explain(asked, units(asked))
    rest = [[token for other, token in enumerate(TOKENS) if other != place] for place in range(1, 6)]
    masked = [[mask if other == place else token for other, token in enumerate(TOKENS)] for place in range(1, 6)]
    without = [model.of(tokens) for tokens in (rest if mask is None else masked)]  # type: ignore[arg-type]
    assert found.values == pytest.approx([model.of(TOKENS) - score for score in without])
    assert found.delta is None


def test_scores_are_those_of_each_set_of_tokens_however_many_go_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Bag()
    kept = np.array(list(itertools.product([True], *[[True, False]] * 5)))
    whole = line(model, TOKENS).scores(kept)
    by_hand = [model.of([t if k else MASK for t, k in zip(TOKENS, row, strict=True)]) for row in kept]
    assert whole == pytest.approx(by_hand)
    monkeypatch.setattr("tunebook.explain.line.TOKENS_AT_ONCE", 13)
    assert lines_at_once(6) == 2 and lines_at_once(100) == 1
    assert line(model, TOKENS).scores(kept) == pytest.approx(whole)
    assert line(model, TOKENS).scores(kept[:0]).shape == (0,)


def test_random_values_are_the_same_for_the_same_tokens() -> None:
    one, other = (line(Bag(), tokens) for tokens in (TOKENS, TOKENS[:-1]))
    values = [method_of("random").explain(each, units(each)).values for each in (one, one, other)]
    assert values[0].tolist() == values[1].tolist() and values[0][:4].tolist() != values[2].tolist()
    assert isinstance(Found(values[0]), Found)


def test_rollout_of_a_hand_made_attention() -> None:
    """Abnar & Zuidema's recursion, element by element in loops."""
    draw = np.random.default_rng(3)
    maps = draw.random((3, 2, 4, 4))
    maps /= maps.sum(-1, keepdims=True)
    read = np.array([0.75, 0, 0, 0.25])
    found = rollout(Attention(maps, read))
    joint = [[float(i == j) for j in range(4)] for i in range(4)]
    for layer in maps:
        mixed = [[sum(head[i][j] for head in layer) / 2 for j in range(4)] for i in range(4)]
        mixed = [[(mixed[i][j] + (i == j)) / 2 for j in range(4)] for i in range(4)]
        joint = [[sum(mixed[i][k] * joint[k][j] for k in range(4)) for j in range(4)] for i in range(4)]
    assert found == pytest.approx([0.75 * joint[0][j] + 0.25 * joint[3][j] for j in range(4)])
    assert found.sum() == pytest.approx(1)


def _of(kind: str) -> Line:
    model = tiny.classifier(kind).eval()
    batch = tiny.collate([{"input_ids": [2, 7, 9, 11, 3], "labels": 0}, {"input_ids": [2, 5, 3], "labels": 1}])
    pieces = [Piece("", 0, 0), *(Piece("text", at, at + 1) for at in range(3)), Piece("", 0, 0)]
    aim = Aim("a", lambda found: found.logits[:, 0])
    return Line(model, line_of(batch, 0), pieces, 0, 4, aim)


@pytest.mark.parametrize("kind", [*tiny.ENCODERS, *tiny.DECODERS])
def test_attention_is_read_where_the_answer_is(kind: str) -> None:
    asked = _of(kind)
    before = asked.model.config._attn_implementation
    found = attention_of(asked)
    layers = int(getattr(asked.model.config, "num_hidden_layers", 3))
    assert found.maps.shape == (layers, 2, 5, 5) and found.maps.sum(-1) == pytest.approx(1, abs=1e-5)
    assert asked.model.config._attn_implementation == before
    expected = 4 if kind in tiny.DECODERS else 0  # a decoder answers at its last token, an encoder at its first
    assert found.read[expected] == pytest.approx(1)
    shares = method_of("attention_rollout").explain(asked, units(asked)).values
    assert (shares > 0).all() and shares.sum() <= 1 + 1e-6


def test_the_same_line_alone_has_no_padding() -> None:
    batch = tiny.collate([{"input_ids": [2, 7, 9, 11, 3], "labels": 0}, {"input_ids": [2, 5, 3], "labels": 1}])
    found = line_of(batch, 1)
    assert set(found) == {"input_ids", "attention_mask"} and found["input_ids"].tolist() == [[2, 5, 3]]


def test_a_model_without_attention_is_refused() -> None:
    with pytest.raises(RunError) as refused:
        attention_of(line(Bag(), TOKENS))
    assert refused.value.code == "explain.no_attention" and "bag" in str(refused.value)


def test_attention_goes_back_to_what_it_was_after_an_error() -> None:
    model = tiny.classifier("bert").eval()
    before = model.config._attn_implementation
    with pytest.raises(ZeroDivisionError), eager(model):
        assert model.config._attn_implementation == "eager"
        raise ZeroDivisionError
    assert model.config._attn_implementation == before


@pytest.mark.parametrize("kind", ["bert", "modernbert", "llama"])
def test_integrated_gradients_are_complete(kind: str) -> None:
    asked = _of(kind)
    found = attributions(asked)
    scores = asked.scores(np.ones((1, 5), dtype=bool))
    base = torch.tensor([[2, 0, 0, 0, 3]])
    with torch.no_grad():
        end = float(asked.score(base)[0])
    assert found.whole == pytest.approx(scores[0] - end, abs=1e-5)
    assert abs(found.values.sum() - found.whole) <= near(found.values, found.whole)
    assert found.values[[0, 4]] == pytest.approx([0, 0], abs=1e-9)  # special tokens stay
