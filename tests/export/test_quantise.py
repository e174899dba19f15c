"""int8 and 16 bits of ONNX files against numpy."""

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from tests.export.test_fused import batch, weights_of
from tests.tiny import classifier

from tunebook.core.errors import DataError, PlanError
from tunebook.export.calibration import observed
from tunebook.export.fused import write_fused
from tunebook.export.operators import Graph, session
from tunebook.export.quantise import half, int8


def saved(graph, path, inputs, output, dimensions):
    """The graph as a file."""
    onnx.save(graph.model(inputs, output, dimensions), path)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("int8") / "m.onnx"
    model = classifier("bert", seed=1).eval()
    with torch.no_grad():
        for item in model.parameters():
            item *= 3
    return write_fused(weights_of(model), model.config.to_dict(), path)


def small(path, gemm=False, columns=6, tables=False):
    """One product and its bias, then a head."""
    rng, graph = np.random.default_rng(0), Graph()
    table = rng.normal(size=(300 if tables else 50, columns)).astype(np.float32)
    x = graph.add("Gather", graph.constant("table", table), "input_ids")
    weight = graph.constant("w", rng.normal(size=(columns, 4)).astype(np.float32))
    bias = graph.constant("b", rng.normal(size=4).astype(np.float32))
    if gemm:
        flat = graph.add("Reshape", x, graph.constant("flat", [-1, columns]))
        turned = graph.constant("wt", rng.normal(size=(4, columns)).astype(np.float32))
        y = graph.add("Gemm", flat, turned, bias, transB=1)
    else:
        y = graph.add("Add", graph.add("MatMul", x, weight), bias)
    y = graph.add("Tanh", y)
    graph.add("MatMul", y, graph.constant("last", rng.normal(size=(4, 2)).astype(np.float32)), output="logits")
    return saved(graph, path, ("input_ids",), "logits", ["batch", "length", 2] if not gemm else ["rows", 2])


def ids(seed=0, top=50):
    return {"input_ids": np.random.default_rng(seed).integers(0, top, (3, 5))}


def ops(path):
    return [node.op_type for node in onnx.load(path).graph.node]


def run(path, feeds):
    return session(path, 1).run(None, feeds)[0]


@pytest.mark.parametrize("gemm", [False, True])
@pytest.mark.parametrize("static", [False, True])
def test_a_product_in_whole_numbers_is_near_and_the_last_one_stays(tmp_path, static, gemm):
    source = small(tmp_path / "m.onnx", gemm)
    rows = [ids(seed) for seed in range(4)] if static else ()
    int8(source, tmp_path / "8.onnx", rows=rows)
    kinds = ops(tmp_path / "8.onnx")
    assert ("MatMulIntegerToFloat" if static else "DynamicQuantizeMatMul") in kinds
    assert kinds.count("MatMul") == 1 and "Gemm" not in kinds and "Add" not in kinds
    right, found = run(source, ids(9)), run(tmp_path / "8.onnx", ids(9))
    assert 0 < np.abs(found - right).max() < 0.1


def test_the_whole_numbers_are_those_of_the_formula(tmp_path):
    source = small(tmp_path / "m.onnx")
    int8(source, tmp_path / "8.onnx", embeddings=False)
    kept = {item.name: numpy_helper.to_array(item) for item in onnx.load(tmp_path / "8.onnx").graph.initializer}
    weights = {item.name: numpy_helper.to_array(item) for item in onnx.load(source).graph.initializer}["w"]
    scale = np.abs(weights).max(0) / 63
    np.testing.assert_allclose(kept["w.scale"], scale, rtol=1e-6)
    np.testing.assert_array_equal(kept["w.int8"], np.rint(weights / scale))


@pytest.mark.parametrize("static", [False, True])
def test_the_largest_sums_are_exact_on_any_processor(tmp_path, static):
    """All that comes in is at the top of its range, and so are all weights: no sum of two products is cut off."""
    graph = Graph()
    x = graph.add("Gather", graph.constant("table", np.full((4, 64), 2.0, dtype=np.float32)), "input_ids")
    y = graph.add("MatMul", x, graph.constant("w", np.full((64, 4), 0.5, dtype=np.float32)))
    y = graph.add("Mul", y, graph.constant("less", np.float32(1)))
    graph.add("MatMul", y, graph.constant("last", np.eye(4, dtype=np.float32)), output="logits")
    source = saved(graph, tmp_path / "m.onnx", ("input_ids",), "logits", ["batch", "length", 4])
    feeds = {"input_ids": np.zeros((1, 3), dtype=np.int64)}
    int8(source, tmp_path / "8.onnx", rows=[feeds] if static else ())
    np.testing.assert_allclose(run(tmp_path / "8.onnx", feeds), 64.0, rtol=1e-5)


def test_embeddings_have_a_scale_for_each_row(tmp_path):
    source = small(tmp_path / "m.onnx", tables=True)
    int8(source, tmp_path / "8.onnx", rows=[ids(top=300)])
    kept = {item.name: numpy_helper.to_array(item) for item in onnx.load(tmp_path / "8.onnx").graph.initializer}
    assert kept["table.int8"].dtype == np.int8 and kept["table.scale"].shape == (300, 1) and "table" not in kept
    assert np.abs(run(source, ids(top=300)) - run(tmp_path / "8.onnx", ids(top=300))).max() < 0.1


def test_static_answers_do_not_hang_on_the_texts_beside_and_dynamic_ones_do(tmp_path, written):
    rows = [batch(0, (9, 5, 3, 6), seed=seed) for seed in range(3)]
    feeds = batch(0, (8, 3, 6), seed=5)
    first = {name: item[:1] for name, item in feeds.items()}
    apart = {}
    for name, given in (("static", rows), ("dynamic", ())):
        path = int8(written, tmp_path / f"{name}.onnx", rows=given)
        apart[name] = np.abs(run(path, feeds)[:1] - run(path, first)).max()
        assert np.abs(run(path, feeds) - run(written, feeds)).max() < 0.2
    assert apart["static"] < 1e-6 < 1e-4 < apart["dynamic"]


def test_uneven_columns_go_over_to_the_weights(tmp_path):
    """A column that is a hundred times as large as the others costs little once it is divided."""
    rng, errors = np.random.default_rng(0), {}
    table = rng.normal(size=(50, 8)).astype(np.float32)
    table[:, 0] = 100 + table[:, 0]
    weight = rng.normal(size=(8, 4)).astype(np.float32)
    weight[0] *= 0.01
    graph = Graph()
    x = graph.add("Gather", graph.constant("table", table), "input_ids")
    y = graph.add("Tanh", graph.add("MatMul", x, graph.constant("w", weight)))
    graph.add("MatMul", y, graph.constant("last", np.eye(4, dtype=np.float32)), output="logits")
    source = saved(graph, tmp_path / "m.onnx", ("input_ids",), "logits", ["batch", "length", 4])
    for name, rows in (("static", [ids(seed) for seed in range(8)]), ("dynamic", ())):
        int8(source, tmp_path / "8.onnx", rows=rows)
        errors[name] = np.abs(run(tmp_path / "8.onnx", ids(9)) - run(source, ids(9))).mean()
    assert "w.even" in [
        item.name for item in onnx.load(int8(source, tmp_path / "8.onnx", rows=[ids()])).graph.initializer
    ]
    assert errors["static"] < errors["dynamic"] / 3


def test_what_is_seen_on_rows(tmp_path):
    source = small(tmp_path / "m.onnx")
    model = onnx.load(source)
    given = next(node.input[0] for node in model.graph.node if node.op_type == "MatMul")
    table = numpy_helper.to_array(next(item for item in model.graph.initializer if item.name == "table"))
    found = observed(model, [given], [ids(0), ids(1)])[given]
    lines = table[np.concatenate([ids(0)["input_ids"].ravel(), ids(1)["input_ids"].ravel()])]
    np.testing.assert_allclose(found.high, np.maximum(lines.max(0), 0))
    np.testing.assert_allclose(found.low, np.minimum(lines.min(0), 0))
    assert observed(model, [given], []) == {}
    infinite = numpy_helper.from_array(np.where(np.arange(50)[:, None] == 7, np.inf, table).astype(np.float32), "table")
    next(item for item in model.graph.initializer if item.name == "table").CopyFrom(infinite)
    with pytest.raises(DataError, match="int8") as error:
        observed(model, [given], [{"input_ids": np.full((1, 2), 7)}])
    assert error.value.code == "shrink.calibration"


def test_a_file_in_int8_already_is_refused(tmp_path, written):
    path = int8(written, tmp_path / "8.onnx")
    with pytest.raises(PlanError) as error:
        int8(path, tmp_path / "9.onnx")
    assert error.value.code == "shrink.no_products"


def test_a_gemm_that_is_more_than_a_product_stays(tmp_path):
    source = small(tmp_path / "m.onnx", gemm=True)
    model = onnx.load(source)
    gemm = next(node for node in model.graph.node if node.op_type == "Gemm")
    gemm.attribute.append(helper.make_attribute("alpha", 2.0))
    onnx.save(model, source)
    with pytest.raises(PlanError):
        int8(source, tmp_path / "8.onnx")


@pytest.mark.parametrize(("kind", "digits"), [("fp16", 11), ("bf16", 8)])
def test_sixteen_bits_are_rounded_and_half_the_size(tmp_path, written, kind, digits):
    path = half(written, tmp_path / "h.onnx", kind)
    big = {item.name: item for item in onnx.load(path).graph.initializer}
    feeds = batch(0)
    assert 0 < np.abs(run(path, feeds) - run(written, feeds)).max() < 2.0**-digits * 50
    assert any(name.endswith(kind) for name in big)


def test_bf16_rounds_as_torch_does(tmp_path):
    rng, graph = np.random.default_rng(0), Graph()
    table = rng.normal(size=(300, 8)).astype(np.float32)
    graph.add("Gather", graph.constant("table", table), "input_ids", output="logits")
    source = saved(graph, tmp_path / "m.onnx", ("input_ids",), "logits", ["batch", "length", 8])
    found = run(half(source, tmp_path / "h.onnx", "bf16"), {"input_ids": np.arange(300)[None]})[0]
    np.testing.assert_array_equal(found, torch.from_numpy(table).bfloat16().float())


def test_weights_beyond_fp16_are_refused(tmp_path):
    graph = Graph()
    graph.add("Gather", graph.constant("table", np.full((300, 8), 1e5)), "input_ids", output="logits")
    graph.constants["table"].CopyFrom(numpy_helper.from_array(np.full((300, 8), 1e5, dtype=np.float32), "table"))
    source = saved(graph, tmp_path / "m.onnx", ("input_ids",), "logits", ["batch", "length", 8])
    with pytest.raises(PlanError, match="table") as error:
        half(source, tmp_path / "h.onnx")
    assert error.value.code == "shrink.half_range"
    half(source, tmp_path / "h.onnx", "bf16")
