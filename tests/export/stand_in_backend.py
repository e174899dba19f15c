"""Triton's Python backend in the place of its onnxruntime backend, which the wheel of the server does not hold.

It reads the same `model.onnx` and the same config.pbtxt. Requests of one shape, which the server brings together, are
one pass.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    """What the server calls."""

    def initialize(self, args):
        """Open the model of this version."""
        self.config = json.loads(args["model_config"])
        file = Path(args["model_repository"]) / args["model_version"] / "model.onnx"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        self.inputs = [item["name"] for item in self.config["input"]]
        self.outputs = [item["name"] for item in self.config["output"]]

    def execute(self, requests):
        """Answer requests that were brought together: those of one shape in one pass."""
        given = [
            {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
            for request in requests
        ]
        alike = {}
        for place, tensors in enumerate(given):
            alike.setdefault(tuple(tensor.shape[1:] for tensor in tensors.values()), []).append(place)
        answers = [None] * len(requests)
        for places in alike.values():
            feed = {name: np.concatenate([given[place][name] for place in places]) for name in self.inputs}
            found = self.session.run(self.outputs, feed)
            start = 0
            for place in places:
                end = start + len(given[place][self.inputs[0]])
                tensors = [
                    pb_utils.Tensor(name, np.ascontiguousarray(values[start:end]))
                    for name, values in zip(self.outputs, found, strict=True)
                ]
                answers[place] = pb_utils.InferenceResponse(output_tensors=tensors)
                start = end
        return answers
