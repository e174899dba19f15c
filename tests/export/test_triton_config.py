"""config.pbtxt, by the schema of the server itself."""

from __future__ import annotations

import onnx
import pytest
from google.protobuf import text_format
from onnx import TensorProto, helper
from tritonclient.grpc import model_config_pb2

from tunebook.core.errors import ModelError
from tunebook.export.triton_config import CONFIG, Graph, Instances, Tensor, check_config, config, graph

SHAPE = Graph(
    (Tensor("input_ids", "TYPE_INT64", (-1,)), Tensor("attention_mask", "TYPE_INT64", (-1,))),
    (Tensor("logits", "TYPE_FP32", (3,)),),
)


def parsed(text):
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def one_node(path, kind=TensorProto.FLOAT, rows="batch"):
    """A graph that gives back what it takes."""
    values = [helper.make_tensor_value_info(name, kind, [rows, "sequence"]) for name in ("in", "out")]
    node = helper.make_node("Identity", ["in"], ["out"])
    made = helper.make_graph([node], "g", values[:1], values[1:])
    onnx.save(helper.make_model(made, ir_version=10, opset_imports=[helper.make_opsetid("", 20)]), str(path))
    return path


def test_the_schema_reads_what_was_meant():
    how = Instances(count=2, device="gpu", max_batch=16, delay_us=500, versions=3)
    found = parsed(config('odd "name"', "onnxruntime", SHAPE, how, labels="labels.txt"))
    assert (found.name, found.backend, found.max_batch_size) == ('odd "name"', "onnxruntime", 16)
    assert [(item.name, list(item.dims)) for item in found.input] == [("input_ids", [-1]), ("attention_mask", [-1])]
    assert found.output[0].data_type == model_config_pb2.TYPE_FP32
    assert found.output[0].label_filename == "labels.txt"
    assert found.dynamic_batching.max_queue_delay_microseconds == 500
    assert (found.instance_group[0].count, found.instance_group[0].kind) == (
        2,
        model_config_pb2.ModelInstanceGroup.KIND_GPU,
    )
    assert found.version_policy.latest.num_versions == 3


def test_what_the_schema_does_not_know_is_refused_with_its_place():
    check_config(config("clf", "onnxruntime", SHAPE, Instances()))
    with pytest.raises(ModelError, match="2:1") as raised:
        check_config('name: "clf"\nmax_bach_size: 4\n')
    assert (raised.value.code, raised.value.key) == ("triton.config", CONFIG)


def test_a_graph_is_read_without_its_rows(tmp_path):
    found = graph(one_node(tmp_path / "m.onnx"))
    assert found == Graph((Tensor("in", "TYPE_FP32", (-1,)),), (Tensor("out", "TYPE_FP32", (-1,)),))


@pytest.mark.parametrize(("kind", "rows"), [(TensorProto.FLOAT, 4), (TensorProto.STRING, "batch")])
def test_a_graph_of_a_fixed_number_of_rows_or_another_type_is_refused(tmp_path, kind, rows):
    with pytest.raises(ModelError) as raised:
        graph(one_node(tmp_path / "m.onnx", kind, rows))
    assert raised.value.code == "triton.tensor"


def test_a_file_that_is_no_graph_is_refused(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"no graph")
    with pytest.raises(ModelError) as raised:
        graph(tmp_path / "m.onnx")
    assert raised.value.code == "bundle.model"
