"""Heads beside the model's own: padding does not count, a task's vector goes to its rows alone."""

from __future__ import annotations

import pytest
import torch

from tests import tiny
from tunebook.core.nouns import Labels
from tunebook.nets.multi_task import EXTRA, TaskHeads, answer, body_of, last_shared


def heads(embedded: int) -> TaskHeads:
    classes, number = Labels(problem="single_label", names=list("abc")), Labels(problem="regression", start=[50.0])
    return TaskHeads(16, [classes, number], units=[1.0, 8.0], embedded=embedded, balanced=True)


@pytest.mark.parametrize("kind", [*tiny.ENCODERS, "xlm-roberta"])
@pytest.mark.parametrize("embedded", [False, True])
def test_heads_answer_for_every_encoder(kind: str, embedded: bool) -> None:
    model = tiny.classifier(kind).eval()
    size = model.get_input_embeddings().embedding_dim
    model.add_module(EXTRA, heads(size if embedded else 0))
    pad = 1 if "roberta" in kind else 0
    batch = tiny.collate(tiny.rows(4), pad)
    given = {name: batch[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        together = answer(model, given, 0)
        assert together.shape == (4, 3) and answer(model, given, 1).shape == (4, 1)
        for row in range(4):
            length = int(given["attention_mask"][row].sum())
            alone = answer(model, {name: item[row : row + 1, :length] for name, item in given.items()}, 0)
            torch.testing.assert_close(alone[0], together[row], rtol=1e-4, atol=1e-5)
        plain = model(**given).logits
        if embedded:
            model.get_submodule(EXTRA).vectors[0] += torch.linspace(-9, 9, size)
            assert not torch.allclose(answer(model, given, 0), together, atol=1e-3)
        else:
            assert model.get_submodule(EXTRA).vectors is None
        assert torch.equal(model(**given).logits, plain), "the main task never has a vector"
    matrix = last_shared(model)
    assert matrix.dim() == 2 and any(matrix is item for item in body_of(model).parameters())
