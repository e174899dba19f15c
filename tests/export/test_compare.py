"""What a smaller model costs, when it is refused, and the page of it; on a small run."""

import json
from pathlib import Path

import numpy as np
import pytest

from tunebook.core.errors import DataError, PlanError, RefusedError
from tunebook.core.nouns import Interval
from tunebook.export.compare import Change, Row, change, check
from tunebook.export.latency import Latency
from tunebook.export.operators import session
from tunebook.export.smaller import How, write_smaller
from tunebook.report.smaller import brief, picture, speeds, write_page_of
from tunebook.report.smaller import costs as cost_table
from tunebook.stats.bootstrap import Units
from tunebook.stats.difference import of_rows


def costs(value, low, high, rows=1000):
    gain = Interval(value=value, low=low, high=high)
    return Change(metric="accuracy", before=0.9, after=0.9 + value, gain=gain, equal=0.99, rows=rows)


def test_verdicts_and_how_many_rows_would_show_it():
    assert costs(0.001, -0.004, 0.006).verdict(0.005) == "kept"
    assert costs(0.0, -0.01, 0.01).verdict(0.005) == "open"
    assert costs(-0.006, -0.01, -0.001).verdict(0.005) == "lost"
    assert costs(float("nan"), 0, 0).verdict(0.005) == "lost"
    assert costs(0.0, -0.01, 0.01).rows_needed(0.005) == 4000  # half the width at four times the rows
    assert costs(0.001, -0.004, 0.006).rows_needed(0.005) == 0
    assert costs(-0.005, -0.01, 0).rows_needed(0.005) == -1


def test_what_loses_too_much_is_refused():
    assert check(costs(0.0, -0.01, 0.01), 0.005, "r1") == "open"
    with pytest.raises(RefusedError, match=r"0\.005") as error:
        check(costs(-0.02, -0.03, -0.01), 0.005, "r1")
    assert error.value.code == "shrink.loses" and "0.9000 -> 0.8800" in str(error.value)


def rows_of_table():
    times = {"faster": 1.0, "low": 1.0, "high": 1.0, "processor_faster": 1.0}
    quick = {"faster": 4.0, "low": 3.9, "high": 4.1, "processor_faster": 4.0}
    one = Latency(batch=1, rounds=9, p50=4.0, p95=5.0, p99=6.0, rows_second=250, processor=4.0, **times)
    other = Latency(batch=1, rounds=9, p50=1.0, p95=2.0, p99=3.0, rows_second=1000, processor=1.0, **quick)
    whole = Row(name="fp32", bytes=90_000_000, zipped=80_000_000, latency={1: one})
    small = Row(
        name="int8 <b>", bytes=23_000_000, zipped=20_000_000, latency={1: other}, change=costs(0.0, -0.01, 0.01)
    )
    return [whole, small]


def test_the_tables_and_the_page(tmp_path):
    rows = rows_of_table()
    found = cost_table(rows, 0.005)
    assert found.rows[1][:3] == ("int8 <b>", "23.0 MB", "20.0 MB") and "4000" in str(found.rows[1][-1])
    assert found.rows[0][-1] == "original"
    assert speeds(rows, 1).rows[1][:5] == ("int8 <b>", "1.00", "2.00", "3.00", "1000")
    for one in (found, speeds(rows, 1), brief(rows, 0.005)):
        assert {len(row) for row in one.rows} == {len(one.columns)}
    page = write_page_of(tmp_path / "page.html", rows, 0.005).read_text(encoding="utf-8")
    assert "4.0 x (1)" in page and "int8 &lt;b&gt;" in page and "<b>" not in page
    assert picture(rows[:1], 0.005) == "" and brief([], 0.005).rows == ()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """What an export takes of a small trained run."""
    from tests.books import QUICK
    from tests.small import base_model, write_csv

    from tunebook.tables.make import child
    from tunebook.verbs.export import source_of
    from tunebook.verbs.init import init
    from tunebook.verbs.steps.plan import plan
    from tunebook.verbs.steps.train import train

    folder = tmp_path_factory.mktemp("small")
    base = base_model(folder / "base")
    book = init(folder / "book", write_csv(folder / "rows.csv", count=120), model=str(base))
    table = child(book.champion, {**QUICK, "max_epochs": 1})
    return source_of(train(plan(table, book.data), book.path / "runs", track=()))


def answers(source, made, path):
    from tunebook.bundle.reading import Reader

    reading = Reader(made.tokenizer, {**source.reading(), **made.reading})
    graph, rows = session(path, 1), reading.tokens(list(source.validation.texts))
    feeds = reading.padded([row.ids for row in rows])
    return graph.run(None, {item.name: feeds[item.name] for item in graph.get_inputs()})[0]


def test_ways_to_a_smaller_model_and_what_they_cost(source, tmp_path):
    sizes = {}
    for name, how in {
        "fused": How(fused=True),
        "int8": How(int8="static"),
        "dynamic": How(int8="dynamic"),
        "vocabulary": How(vocabulary=True, fused=True),
        "pruned": How(prune=0.5, recover=2, vocabulary=True),
    }.items():
        path = tmp_path / f"{name}.onnx"
        made = write_smaller(source, how, path)
        found = answers(source, made, path)
        told = change(source, found)
        sizes[name] = path.stat().st_size
        assert told.rows == len(source.validation) and 0 <= told.equal <= 1 and made.facts["fused"] is True
        if name == "fused":
            np.testing.assert_allclose(found, source.said, atol=1e-5)
            assert told.gain.value == 0 and told.equal == 1
        right = [side.argmax(1) == source.validation.targets for side in (source.said, found)]
        units = Units.of(len(source.validation), None)
        assert told.gain == of_rows(right[1].astype(float) - right[0], units, True)
    assert sizes["int8"] < sizes["fused"] and sizes["pruned"] < sizes["vocabulary"] <= sizes["fused"]


def test_sixteen_bits_of_a_graph_as_torch_writes_it(source, tmp_path, monkeypatch):
    def written(model, inputs, head, path):
        from tunebook.export.fused import write_fused

        assert inputs == source.inputs
        weights = {name: item.numpy() for name, item in model.state_dict().items()}
        return write_fused(weights, model.config.to_dict(), path)

    monkeypatch.setattr("tunebook.export.graph.write_graph", written)  # torch's exporter takes seconds
    made = write_smaller(source, How(half="fp16"), tmp_path / "h.onnx")
    np.testing.assert_allclose(answers(source, made, tmp_path / "h.onnx"), source.said, atol=1e-2)
    assert "fused" not in made.facts and json.loads(made.tokenizer)["model"]["type"] == "WordLevel"
    with monkeypatch.context() as other:
        other.setitem(source.model.config.__dict__, "hidden_act", "relu")
        with pytest.raises(PlanError):  # the stand-in asks for the same operators
            write_smaller(source, How(fused=True), tmp_path / "f.onnx")


def test_a_corpus_keeps_more_tokens(source, tmp_path):
    more = tmp_path / "more.txt"
    more.write_text("\n".join(json.loads(source.tokenizer_text())["model"]["vocab"]), encoding="utf-8")
    sizes = []
    for how in (How(vocabulary=True, fused=True), How(corpus=str(more), fused=True)):
        sizes.append(write_smaller(source, how, tmp_path / "m.onnx").facts["vocabulary"]["after"])
    assert sizes[0] < sizes[1]


def test_what_cannot_go_together_is_refused(source, tmp_path):
    (binary := tmp_path / "b.txt").write_bytes(b"\x7fELF\xff\xfe")
    for how, code in (
        (How(int8="static", half="fp16"), "shrink.both"),
        (How(recover=5), "shrink.recover"),
        (How(prune=0.5, recover=-3), "shrink.steps"),
        (How(prune=0.5, recover=10**30), "shrink.steps"),
        (How(prune=float("nan")), "shrink.share"),
        (How(prune=-0.1), "shrink.share"),
        (How(corpus=str(tmp_path / "none.txt")), "shrink.corpus"),
        (How(corpus=str(tmp_path)), "shrink.corpus"),
        (How(corpus=str(binary)), "shrink.corpus_text"),
    ):
        with pytest.raises((PlanError, DataError)) as error:
            write_smaller(source, how, tmp_path / "m.onnx")
        assert error.value.code == code and not Path(tmp_path / "m.onnx").exists()
    assert How().nothing and not How(fused=True).nothing
