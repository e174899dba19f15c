"""The graph in onnxruntime's own operators against transformers' models."""

import numpy as np
import pytest
import torch
from tests.tiny import classifier, config
from transformers import AutoModel, AutoModelForQuestionAnswering, AutoModelForTokenClassification

from tunebook.core.errors import ModelError, PlanError
from tunebook.export.fused import read_weights, write_fused
from tunebook.export.operators import session


def weights_of(model):
    return {name: item.numpy() for name, item in model.state_dict().items()}


def batch(pad, lengths=(7, 1, 4), types=True, holes=False, seed=0):
    rng = np.random.default_rng(seed)
    mask = (np.arange(max(lengths)) < np.array(lengths)[:, None]).astype(np.int64)
    ids = np.where(mask, rng.integers(3, 50, mask.shape), pad)
    if holes:
        mask[0, 2] = 0
    kinds = (np.arange(max(lengths)) > 2).astype(np.int64) * mask if types else 0 * mask
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": kinds}


def both(model, path, feeds):
    write_fused(weights_of(model), model.config.to_dict(), path)
    with torch.inference_mode():
        right = model(**{name: torch.from_numpy(item) for name, item in feeds.items()})
    return session(path, 1).run(None, feeds)[0], right


@pytest.mark.parametrize("lengths", [(7, 1, 4), (1,), (3, 3), (1, 40 - 5)])
@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_classifier_answers_as_in_torch(tmp_path, kind, lengths):
    model = classifier(kind, dropout=0.1, seed=3).eval()
    feeds = batch(model.config.pad_token_id, lengths, types=kind == "bert")
    found, right = both(model, tmp_path / "m.onnx", feeds)
    assert np.abs(right.logits.numpy()).max() > 1e-3
    np.testing.assert_allclose(found, right.logits, atol=2e-6)


def test_tokens_that_are_hidden_inside_a_text_are_hidden(tmp_path):
    model = classifier("bert").eval()
    found, right = both(model, tmp_path / "m.onnx", batch(0, holes=True))
    np.testing.assert_allclose(found, right.logits, atol=2e-6)


@pytest.mark.parametrize("auto", [AutoModelForTokenClassification, AutoModel])
def test_heads_of_tokens_and_bare_encoders(tmp_path, auto):
    torch.manual_seed(0)
    model = auto.from_config(config("bert")).eval()
    feeds = batch(0)
    found, right = both(model, tmp_path / "m.onnx", feeds)
    real = feeds["attention_mask"] > 0
    np.testing.assert_allclose(found[real], right[0].numpy()[real], atol=2e-6)


def test_a_head_of_places(tmp_path):
    torch.manual_seed(0)
    model = AutoModelForQuestionAnswering.from_config(config("bert", labels=2)).eval()
    feeds = batch(0)
    found, right = both(model, tmp_path / "m.onnx", feeds)
    real = feeds["attention_mask"] > 0
    for place, side in enumerate((right.start_logits, right.end_logits)):
        np.testing.assert_allclose(found[..., place][real], side.numpy()[real], atol=2e-6)


def test_a_layer_that_takes_the_mean_has_no_products_of_zeros(tmp_path):
    import onnx

    model = classifier("bert").eval()
    with torch.no_grad():
        model.bert.encoder.layer[2].output.dense.weight.zero_()
    model.config.mean_layer = 3
    feeds = batch(0)
    found, right = both(model, tmp_path / "m.onnx", feeds)
    np.testing.assert_allclose(found, right.logits, atol=2e-6)
    names = [item.name for item in onnx.load(tmp_path / "m.onnx").graph.initializer]
    assert not any("layer.2.intermediate" in name for name in names)
    assert "head.encoder.layer.2.attention.self.key.weight" in names


def test_what_has_no_place_in_the_graph_is_refused(tmp_path):
    model = classifier("bert")
    known, weights = model.config.to_dict(), weights_of(model)
    cases = (
        ({**known, "model_type": "distilbert"}, weights, "distilbert"),
        ({**known, "hidden_act": "relu"}, weights, "relu"),
        ({**known, "is_decoder": True}, weights, "is_decoder"),
        (known, {**weights, "crf.transitions": np.zeros((2, 2))}, "crf.transitions"),
    )
    for said, of_model, word in cases:
        with pytest.raises(PlanError, match=word) as error:
            write_fused(of_model, said, tmp_path / "m.onnx")
        assert error.value.code == "shrink.no_fusion"


def test_weights_of_a_folder(tmp_path):
    model = classifier("bert")
    model.save_pretrained(tmp_path)
    found = read_weights(tmp_path)
    assert found.keys() == weights_of(model).keys()
    np.testing.assert_array_equal(found["classifier.weight"], model.classifier.weight.detach())
    (tmp_path / "model.safetensors").write_bytes(b"12")
    with pytest.raises(ModelError) as error:
        read_weights(tmp_path)
    assert error.value.code == "model.unread"
