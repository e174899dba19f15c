"""A graph answers for any number of rows and tokens, and can be quantised afterwards."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import torch

from tunebook.export.bundles import write_bundle
from tunebook.export.graph import OPSET, write_graph


class Small(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = torch.nn.Embedding(50, 4)

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> dict[str, torch.Tensor]:
        found = self.table(input_ids) * attention_mask[:, :, None]
        return {"found": found.sum(1) / attention_mask.sum(1, keepdim=True)}


def test_rows_and_tokens_are_free(tmp_path):
    model = Small().eval()
    path = write_graph(model, ("input_ids", "attention_mask"), lambda outputs: outputs["found"], tmp_path / "m.onnx")
    assert [child.name for child in tmp_path.iterdir()] == ["m.onnx"]
    made = onnx.load(path)
    assert not made.graph.value_info
    assert made.opset_import[0].version == OPSET
    session = onnxruntime.InferenceSession(path)
    assert [item.shape for item in session.get_inputs()] == [["rows", "tokens"]] * 2
    for shape in ((1, 1), (3, 17), (8, 2)):
        ids = np.random.default_rng(0).integers(0, 50, shape)
        mask = np.ones_like(ids)
        mask[0, 1:] = 0
        expected = model(torch.from_numpy(ids), torch.from_numpy(mask))["found"].detach().numpy()
        found = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert callable(write_bundle)
