"""A pass that begins above frozen layers gives what the whole pass gives, and does so only where it may."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests import tiny
from tunebook.core.errors import ModelError
from tunebook.models.architecture import depths
from tunebook.nets.frozen import COLUMNS, Cut, FrozenLayers, Known, find_cut, key_of, lines_of

KINDS = (*tiny.ENCODERS, "xlm-roberta", *tiny.DECODERS)
LENGTHS = (5, 9, 3, 9, 7)


def model_of(kind: str, layers: int) -> nn.Module:
    """A classifier with dropout whose lowest layers are frozen."""
    net: nn.Module = tiny.classifier(kind, dropout=0.2)
    found = depths(net)
    for name, item in net.named_parameters():
        item.requires_grad_(found.of[name] > layers)
    return net


def texts(lengths: tuple[int, ...] = LENGTHS, seed: int = 0, pad: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    mask = (torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]).long()
    ids = torch.randint(5, tiny.VOCABULARY, mask.shape)
    return {"input_ids": torch.where(mask.bool(), ids, pad), "attention_mask": mask}


def some(batch: dict[str, Tensor], rows: list[int]) -> dict[str, Tensor]:
    """The texts of these rows, no longer than they need."""
    longest = int(batch["attention_mask"][rows].sum(1).max())
    return {name: column[rows, :longest] for name, column in batch.items()}


def frozen_of(net: nn.Module, batch: dict[str, Tensor]) -> FrozenLayers:
    """The frozen layers of a model, with what they make of each text read alone."""
    cut = find_cut(net)
    assert cut is not None
    frozen, places, parts = FrozenLayers(cut), {}, []
    net.eval()
    for row, line in enumerate(lines_of(batch) or []):
        parts.append(frozen.states(some(batch, [row]))[0])
        done = sum(map(len, parts))
        places[key_of(line)] = (done - len(parts[-1]), done)
    net.train()
    frozen.known = Known(torch.cat(parts), places)
    return frozen


def logits(net: Any, batch: dict[str, Tensor]) -> Tensor:
    found: Tensor = net.eval()(**batch).logits
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_pass_above_the_cut_is_the_whole_pass(kind: str, layers: int) -> None:
    net = model_of(kind, layers)
    batch = texts(pad=net.config.pad_token_id)  # type: ignore[union-attr, arg-type]
    frozen = frozen_of(net, batch)
    assert len(frozen.cut.layers) == layers
    trained = [item for item in net.parameters() if item.requires_grad]
    for rows in ([0, 1, 2, 3, 4], [2, 0], [3]):
        part = some(batch, rows)
        wanted = logits(net, part)
        with frozen.held():
            found = logits(net, part)
            gradients = torch.autograd.grad(found.sum(), trained, allow_unused=True)
        plain = torch.autograd.grad(wanted.sum(), trained, allow_unused=True)
        assert torch.allclose(found, wanted, atol=1e-6)
        for one, other in zip(gradients, plain, strict=True):
            assert (one is None) == (other is None)
            assert one is None or torch.allclose(one, other, atol=1e-5)
    assert frozen.passes == {"known": 3}


def test_the_layers_below_do_not_run() -> None:
    net, batch = model_of("bert", 2), texts()
    frozen = frozen_of(net, batch)
    net.get_submodule("bert.encoder.layer.0.attention.self.query").weight.data.fill_(float("nan"))
    with frozen.held():
        assert logits(net, batch).isfinite().all()
    assert not logits(net, batch).isfinite().all(), "nothing of it is left outside"


def test_tokens_of_another_kind_make_another_text() -> None:
    batch = texts((4,))
    other = batch | {"token_type_ids": torch.ones_like(batch["input_ids"])}
    assert key_of(lines_of(batch)[0]) != key_of(lines_of(other)[0])  # type: ignore[index]
    assert COLUMNS == ("input_ids", "token_type_ids")


def test_texts_on_the_right_are_none() -> None:
    batch = texts((3, 5))
    assert lines_of({**batch, "attention_mask": batch["attention_mask"].flip(1)}) is None
    assert lines_of({**batch, "attention_mask": batch["attention_mask"][:, None]}) is None
    whole = lines_of({"input_ids": batch["input_ids"]})
    assert whole is not None and [len(line[0]) for line in whole] == [5, 5]


def refused(frozen: FrozenLayers, net: Any, batch: dict[str, Any], **more: Any) -> set[str]:
    """Why a pass is computed, which then is the whole pass."""
    frozen.passes.clear()
    wanted = net.eval()(**batch, **more).logits
    with frozen.held():
        assert torch.equal(net(**batch, **more).logits, wanted)
    return set(frozen.passes)


def test_a_pass_is_computed_where_it_would_be_another_one() -> None:
    net, batch = model_of("bert", 2), texts()
    frozen = frozen_of(net, batch)
    assert refused(frozen, net, texts(seed=1)) == {"unknown"}
    assert refused(frozen, net, batch, position_ids=torch.arange(9)[None]) == {"inputs"}
    assert refused(frozen, net, {**batch, "attention_mask": batch["attention_mask"].flip(1)}) == {"inputs"}
    assert refused(frozen, net, batch, output_hidden_states=True) == {"watched"}
    with torch.autocast("cpu", torch.bfloat16):
        assert refused(frozen, net, batch) == {"inputs"}
    handle = net.get_submodule("bert.embeddings.word_embeddings").register_forward_hook(lambda *given: given[2] + 1)
    assert refused(frozen, net, batch) == {"watched"}
    handle.remove()
    with frozen.held():
        assert torch.allclose(logits(net, batch), logits(net, batch), atol=0)
    assert set(frozen.passes) == {"watched", "known"}, "what transformers itself leaves behind watches nothing"


def test_what_is_known_is_forgotten_when_a_layer_thaws() -> None:
    net, batch = model_of("bert", 2), texts()
    frozen = frozen_of(net, batch)
    net.get_submodule("bert.encoder.layer.1.output.dense").weight.requires_grad_(True)
    with frozen.held():
        net.train()(**batch).logits.sum().backward()
        assert net.get_submodule("bert.encoder.layer.1").training, "it has its dropout back"
    assert frozen.known is None and not frozen.passes


def test_a_pass_that_is_computed_has_no_dropout_below_the_cut() -> None:
    net, batch = model_of("bert", 2), texts()
    frozen = FrozenLayers(find_cut(net))  # type: ignore[arg-type]
    seen: list[Tensor] = []
    handle = net.get_submodule("bert.encoder.layer.1").register_forward_hook(lambda *given: seen.append(given[2]))
    with frozen.held():
        for _ in range(2):
            net.train()(**batch)
    handle.remove()
    assert torch.equal(*seen)
    assert net.get_submodule("bert.encoder.layer.2").training
    assert frozen.passes == {"off": 2}


def trained(kind: str, *names: str) -> Cut | None:
    net = model_of(kind, 9)
    for name in names:
        net.get_parameter(name).requires_grad_(True)
    return find_cut(net)


def test_the_cut_is_below_all_that_is_trained() -> None:
    top = "bert.encoder.layer.2.output.dense.bias"
    cut = trained("bert", top)
    assert cut is not None and len(cut.layers) == 2 and not cut.thawed
    assert "bert.embeddings.word_embeddings.weight" in cut.weights and top not in cut.weights
    assert trained("bert", top, "bert.encoder.layer.0.output.dense.bias") is None
    assert trained("bert", top, "bert.embeddings.LayerNorm.bias") is None
    assert find_cut(nn.Linear(2, 2)) is None
    whole = trained("bert", "classifier.bias")
    assert whole is not None and len(whole.layers) == 3


def test_of_an_encoder_with_a_decoder_the_encoder_is_cut() -> None:
    from transformers import AutoModelForSeq2SeqLM

    net = AutoModelForSeq2SeqLM.from_config(tiny.config("bart"))
    for name, item in net.named_parameters():
        item.requires_grad_("decoder" in name and "embed" not in name)
    cut = find_cut(net)
    assert cut is not None and len(cut.layers) == 2
    assert type(cut.body).__name__ == "BartEncoder"


def test_layers_that_hand_on_more_than_their_states_are_refused() -> None:
    class Two(nn.Module):
        def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
            return states, states

    net = model_of("bert", 2)
    cut = find_cut(net)
    assert cut is not None
    with pytest.raises(ModelError):  # what is trained lies below: nobody has told so of this weight
        net.get_parameter("bert.embeddings.word_embeddings.weight").requires_grad_(True)
        FrozenLayers(cut).states(texts())
    layer = Two()
    layer.forward = lambda *given, **_: (given[0], given[0])  # type: ignore[method-assign]
    net.get_submodule("bert.encoder.layer")[1] = layer  # type: ignore[index, operator]
    with pytest.raises(ModelError):
        FrozenLayers(Cut(cut.body, (cut.layers[0], layer), cut.modules, cut.weights)).states(texts())


def test_the_embeddings_of_gpt2_are_below_its_layers() -> None:
    found = depths(tiny.classifier("gpt2")).of
    assert [found[f"transformer.{name}.weight"] for name in ("wte", "wpe")] == [0, 0]
