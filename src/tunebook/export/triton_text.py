"""A Triton model (Python backend) that takes texts and gives answers as JSON: it lies as model.py beside its bundle.

The tokens are made here, the forward passes by another model of the same server. So it needs numpy and tokenizers where
the server runs, and neither Tunebook nor onnxruntime.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

BUNDLE, NET = "bundle", "net"  # folder beside this file; parameter that names the model of the forward passes
TEXT, PAIR, ANSWER = "TEXT", "PAIR", "ANSWER"


class TritonPythonModel:
    """What the server calls, by names that are its own."""

    def initialize(self, args: dict[str, str]) -> None:
        """Read the bundle of this version."""
        here = Path(args["model_repository"]) / args["model_version"] / BUNDLE
        sys.path.insert(0, str(here / "runtime"))
        from tunebook.bundle.runtime import Bundle

        settings = json.loads(args["model_config"])
        self.net = settings["parameters"][NET]["string_value"]
        self.version = int(args["model_version"])
        self.rows = int(settings["max_batch_size"])
        self.paired = any(item["name"] == PAIR for item in settings["input"])
        self.bundle = Bundle(here, run=self.run)
        self.inputs = self.bundle.manifest.reading["inputs"]

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer requests that were brought together; each may have several texts."""
        import numpy as np
        import triton_python_backend_utils as server

        texts = [_texts(server.get_input_tensor_by_name(request, TEXT)) for request in requests]
        pairs = (
            [_texts(server.get_input_tensor_by_name(request, PAIR)) for request in requests] if self.paired else None
        )
        try:
            answers = self.bundle.predict(_flat(texts), _flat(pairs) if pairs else None, batch_size=self.rows)
        except Exception as error:  # whatever it is, the server has to be told, or it waits
            return [server.InferenceResponse(error=server.TritonError(str(error))) for _ in requests]
        said = iter(json.dumps(answer, ensure_ascii=False).encode() for answer in answers)
        return [
            server.InferenceResponse([server.Tensor(ANSWER, np.array([[next(said)] for _ in given], dtype=object))])
            for given in texts
        ]

    def run(self, feeds: Any) -> Any:
        """The output of the model of the forward passes."""
        import triton_python_backend_utils as server

        request = server.InferenceRequest(
            model_name=self.net,
            model_version=self.version,
            requested_output_names=["output"],
            inputs=[server.Tensor(name, feeds[name]) for name in self.inputs],
        )
        response = request.exec()
        if response.has_error():
            raise RuntimeError(response.error().message())
        return server.get_output_tensor_by_name(response, "output").as_numpy()


def _flat(lists: Sequence[Sequence[str]]) -> list[str]:
    return [item for items in lists for item in items]


def _texts(tensor: Any) -> list[str]:
    return [item.decode() for item in tensor.as_numpy().reshape(-1)]


__all__ = ["ANSWER", "BUNDLE", "NET", "PAIR", "TEXT", "TritonPythonModel"]
