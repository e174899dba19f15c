"""Pruning against a model whose parts are switched off one by one."""

import numpy as np
import pytest
import torch
from tests.export.test_fused import batch, weights_of
from tests.tiny import classifier, collate, rows

from tunebook.core.errors import PlanError
from tunebook.core.technique import model_inputs
from tunebook.export.fused import write_fused
from tunebook.export.operators import session
from tunebook.export.prune import importance, layers_of, magnitude, recover, structured


def loss(model, given):
    outputs = model(**model_inputs(dict(given)))
    return torch.nn.functional.cross_entropy(outputs.logits, given["labels"]), outputs


def wide(seed=0, kind="bert"):
    """A model whose layers have 4 heads and 96 columns."""
    from tests.tiny import config
    from transformers import AutoModelForSequenceClassification

    torch.manual_seed(seed)
    made = config(kind)
    made.num_attention_heads, made.intermediate_size, made.initializer_range = 4, 96, 0.3
    return AutoModelForSequenceClassification.from_config(made).eval()


@pytest.fixture
def batches():
    return [collate(rows(6, seed=seed)) for seed in range(3)]


def test_importance_is_what_the_loss_changes_to_first_order(batches):
    """The derivative of the loss by a factor on a head, or on a column, row by row."""
    model, found = wide(), None
    found = importance(model, batches, loss)
    layer = model.bert.encoder.layer[1]
    for part, width, right in (
        (layer.attention.output.dense, 4, found.heads[1]),
        (layer.output.dense, 96, found.columns[1]),
    ):
        each = part.in_features // width
        total = np.zeros(width)
        for given in batches:
            for row in range(len(given["labels"])):
                factor = torch.ones(width, requires_grad=True)
                hook = part.register_forward_pre_hook(
                    lambda module, x, factor=factor, each=each: (x[0] * factor.repeat_interleave(each),)
                )
                single = {name: item[row : row + 1] for name, item in given.items()}
                mean, _ = loss(model, single)
                hook.remove()
                total += (torch.autograd.grad(mean, factor)[0].abs() / len(given["labels"])).numpy()
        np.testing.assert_allclose(right, total, rtol=2e-3, atol=1e-7)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_parts_that_do_nothing_go_first_and_the_answers_stay(batches, kind):
    model = wide(kind=kind)
    with torch.no_grad():
        for layer in layers_of(model):
            layer.attention.output.dense.weight[:, 4:8] = 0  # the second of four heads
            layer.output.dense.weight[:, 10:42] = 0
    found = structured(model, batches, loss, 1 / 3, heads=0.25)
    assert found.heads == [(3, 4)] * 3 and found.columns == [(64, 96)] * 3
    with torch.no_grad():
        one, other = (side(**model_inputs(dict(batches[0]))).logits for side in (model, found.model))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    layer = layers_of(found.model)[0]
    assert layer.attention.self.query.weight.shape == (12, 16) and layer.intermediate.dense.weight.shape == (64, 16)
    assert found.after < found.before == sum(item.numel() for item in model.parameters())
    assert layers_of(model)[0].attention.self.query.weight.shape == (16, 16)  # the given one is as it was


def test_a_pruned_model_is_written_and_answers_the_same(batches, tmp_path):
    model = wide()
    for share in (0.3, 0.9):
        found = structured(model, batches, loss, share)
        assert all(kept >= 1 for kept, _ in found.heads) and all(kept >= 32 for kept, _ in found.columns)
        feeds = batch(0)
        path = write_fused(weights_of(found.model), found.model.config.to_dict(), tmp_path / "m.onnx")
        with torch.no_grad():
            right = found.model(**{name: torch.from_numpy(item) for name, item in feeds.items()}).logits
        np.testing.assert_allclose(session(path, 1).run(None, feeds)[0], right, atol=1e-4)


def test_nothing_is_taken_out_at_a_share_of_nothing(batches):
    found = structured(wide(), batches, loss, 0.0)
    assert found.before == found.after


def test_a_layer_that_takes_the_mean_is_left_alone():
    model = wide()
    model.config.mean_layer = 3
    assert len(layers_of(model)) == 2


def test_recovery_brings_the_smaller_model_nearer_to_the_larger_one(batches):
    model = wide()
    smaller = structured(model, batches, loss, 0.6).model

    def apart():
        with torch.no_grad():
            sides = (side(**model_inputs(dict(batches[0]))).logits for side in (model, smaller))
            one, other = sides
        return float((one - other).square().mean())

    before = apart()
    recover(smaller, model, batches, loss, steps=30, rate=1e-3)
    assert apart() < before / 2 and not smaller.training


def test_magnitude_sets_the_smallest_weights_to_0(batches):
    model = wide()
    found = magnitude(model, 0.5)
    for one, other in zip(layers_of(model), layers_of(found.model), strict=True):
        before, after = one.intermediate.dense.weight.detach(), other.intermediate.dense.weight.detach()
        gone = after == 0
        assert abs(float(gone.float().mean()) - 0.5) < 0.01
        assert before[gone].abs().max() <= before[~gone].abs().min()
        torch.testing.assert_close(before[~gone], after[~gone])
    assert found.before == found.after


def test_other_architectures_and_shares_are_refused(batches):
    with pytest.raises(PlanError, match="distilbert") as error:
        structured(classifier("distilbert"), batches, loss, 0.2)
    assert error.value.code == "shrink.no_pruning"
    for share, heads in ((-0.1, None), (0.95, None), (float("nan"), None), (0.1, 1.0)):
        with pytest.raises(PlanError) as error:
            structured(wide(), batches, loss, share, heads)
        assert error.value.code == "shrink.share"
