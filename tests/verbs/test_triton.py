"""Model repositories of Triton, on paper and in front of a real server."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import urllib.request
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from tests.export.triton_server import missing, server
from tunebook.bundle.intact import sealed
from tunebook.bundle.runtime import open_bundle
from tunebook.core.errors import ModelError
from tunebook.export.triton import LABELS, Repository, write_repository
from tunebook.export.triton_config import CONFIG, Instances
from tunebook.export.triton_text import ANSWER, NET, PAIR, TEXT, TritonPythonModel
from tunebook.verbs.export import export

TEXTS = ["the room was great", "  ", "sad and slow was the room Ben found in Oslo", "Oslo"]


def copied(trained, kind, folder) -> Path:
    """A bundle that is written once and may be spoilt."""
    return Path(shutil.copytree(export(trained(kind).run).folder, folder))


@pytest.fixture
def bundle(trained, tmp_path) -> Path:
    return copied(trained, "single_label", tmp_path / "bundle")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_repository_holds_two_models_and_what_they_need(bundle, tmp_path):
    found = write_repository(bundle, tmp_path / "repository", "clf")
    assert found == Repository(tmp_path / "repository", ("clf", "clf_text"), 1)
    assert files(found.path / "clf") == {"1/model.onnx", CONFIG, LABELS}
    text = files(found.path / "clf_text")
    assert {"1/model.py", "1/bundle/bundle.json", "1/bundle/tokenizer.json", CONFIG} <= text
    assert not any(name.endswith("model.onnx") for name in text)
    names = open_bundle(bundle).names
    assert (found.path / "clf" / LABELS).read_text(encoding="utf-8").splitlines() == list(names)


def test_another_bundle_is_the_next_version_and_the_same_one_is_written_once(bundle, tmp_path):
    repository = tmp_path / "repository"
    assert [write_repository(bundle, repository, "clf").version for _ in range(2)] == [1, 1]
    facts = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    (bundle / "bundle.json").write_text(json.dumps(sealed({**facts, "run": "another"})), encoding="utf-8")
    (repository / "clf" / "2.part").mkdir()  # of a run that was killed
    assert write_repository(bundle, repository, "clf").version == 2
    assert {path.name for path in (repository / "clf").iterdir()} == {"1", "2", CONFIG, LABELS}


def test_a_model_that_answers_something_else_needs_another_name(bundle, tmp_path, trained):
    write_repository(bundle, tmp_path / "repository", "clf")
    other = copied(trained, "multi_label", tmp_path / "other")
    facts = json.loads((other / "bundle.json").read_text(encoding="utf-8"))
    (other / "bundle.json").write_text(json.dumps(sealed({**facts, "names": facts["names"][::-1]})), encoding="utf-8")
    with pytest.raises(ModelError) as raised:
        write_repository(other, tmp_path / "repository", "clf")
    assert raised.value.code == "triton.other"


@pytest.mark.parametrize("name", ["", "../x", "a b", "名"])
def test_names_that_are_no_names_are_refused(tmp_path, name):
    with pytest.raises(ModelError) as raised:
        write_repository(tmp_path / "bundle", tmp_path / "repository", name)
    assert raised.value.code == "triton.name"
    assert not (tmp_path / "repository").exists()


class Server(ModuleType):
    """What the Python backend gives a model, around a net of this process."""

    def __init__(self, net, fails=False):
        super().__init__("triton_python_backend_utils")
        self.net, self.fails = net, fails

    def get_input_tensor_by_name(self, request, name):
        return request[name]

    def get_output_tensor_by_name(self, response, name):
        return response.outputs[0]

    def Tensor(self, name, values):
        return SimpleNamespace(name=name, as_numpy=lambda: values)

    def TritonError(self, message):
        return SimpleNamespace(message=lambda: message)

    def InferenceResponse(self, output_tensors=(), error=None):
        return SimpleNamespace(outputs=output_tensors, error=lambda: error, has_error=lambda: error is not None)

    def InferenceRequest(self, model_name, model_version, requested_output_names, inputs):
        assert (model_name, model_version, requested_output_names) == ("clf", 1, ["output"])
        feeds = {item.name: item.as_numpy() for item in inputs}

        def execute():
            if self.fails:
                return self.InferenceResponse(error=self.TritonError("out of memory"))
            return self.InferenceResponse([self.Tensor("output", self.net(feeds))])

        return SimpleNamespace(exec=execute)


def text_model(repository, monkeypatch, fake, pairs=False):
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    monkeypatch.setattr(sys, "path", [*sys.path])
    settings = {
        "parameters": {NET: {"string_value": "clf"}},
        "max_batch_size": 2,
        "input": [{"name": TEXT}, *([{"name": PAIR}] if pairs else [])],
    }
    model = TritonPythonModel()
    where = {"model_repository": str(repository / "clf_text"), "model_version": "1"}
    model.initialize({**where, "model_config": json.dumps(settings)})
    return model


def asked(texts):
    values = np.array([[text.encode()] for text in texts], dtype=object)
    return SimpleNamespace(as_numpy=lambda: values)


@pytest.mark.parametrize("pairs", [False, True])
def test_the_text_model_answers_as_the_bundle(trained, tmp_path, monkeypatch, pairs):
    bundle = copied(trained, "pairs" if pairs else "single_label", tmp_path / "bundle")
    ours = open_bundle(bundle)
    write_repository(bundle, tmp_path / "r", "clf")
    model = text_model(tmp_path / "r", monkeypatch, Server(ours.run), pairs)
    second = TEXTS[::-1] if pairs else None
    requests = [
        {TEXT: asked(TEXTS[start:end]), PAIR: asked((second or TEXTS)[start:end])} for start, end in ((0, 1), (1, 4))
    ]
    found = [response.outputs[0].as_numpy() for response in model.execute(requests)]
    assert [values.shape for values in found] == [(1, 1), (3, 1)]
    said = [json.loads(item) for values in found for item in values.reshape(-1)]
    known = ours.predict(TEXTS, second)
    assert [item["label"] for item in said] == [item["label"] for item in known]
    assert [item["notes"] for item in said] == [item["notes"] for item in known]


def test_a_net_that_fails_is_told_to_whoever_asked(bundle, tmp_path, monkeypatch):
    write_repository(bundle, tmp_path / "r", "clf")
    model = text_model(tmp_path / "r", monkeypatch, Server(None, fails=True))
    [response] = model.execute([{TEXT: asked(TEXTS[:1])}])
    assert "out of memory" in response.error().message()


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_real_server_answers_and_moves_between_versions_under_load(bundle, tmp_path, trained):
    from tritonclient import grpc

    repository, ours = tmp_path / "repository", open_bundle(bundle)
    write_repository(bundle, repository, "clf", Instances(delay_us=20_000))
    shutil.copytree(bundle, tmp_path / "second")
    facts = json.loads((bundle / "bundle.json").read_text(encoding="utf-8"))
    (tmp_path / "second" / "bundle.json").write_text(json.dumps(sealed({**facts, "run": "second"})), encoding="utf-8")
    write_repository(tmp_path / "second", repository, "clf", Instances(delay_us=20_000))
    with server(repository, tmp_path) as there, grpc.InferenceServerClient(there.grpc) as client:
        assert {item.name for item in client.get_model_repository_index().models} == {"clf", "clf_text"}
        texts = grpc.InferInput(TEXT, [len(TEXTS), 1], "BYTES")
        texts.set_data_from_numpy(np.array([[text.encode()] for text in TEXTS], dtype=object))
        for version in ("1", "2"):
            said = client.infer("clf_text", [texts], model_version=version).as_numpy(ANSWER).reshape(-1)
            answers, known = [json.loads(item) for item in said], ours.predict(TEXTS)
            assert [item["label"] for item in answers] == [item["label"] for item in known]
            assert [item["score"] for item in answers if item["label"]] == pytest.approx(
                [item["score"] for item in known if item["label"]], abs=1e-5
            )
        rows = ours.read(TEXTS[:1])
        feeds = {name: value for name, value in _feeds(ours, rows).items() if name in ours.manifest.reading["inputs"]}

        def ask(version=""):
            inputs = []
            for name, value in feeds.items():
                one = grpc.InferInput(name, value.shape, "INT64")
                one.set_data_from_numpy(value)
                inputs.append(one)
            return client.infer("clf", inputs, model_version=version).as_numpy("output")

        np.testing.assert_allclose(ask()[0], ours.outputs(rows)[0], atol=1e-6)
        faults: list[Exception] = []

        def keep_asking(stop):
            while not stop.is_set():
                try:
                    ask()
                except Exception as error:
                    faults.append(error)

        stop = threading.Event()
        threads = [threading.Thread(target=keep_asking, args=(stop,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        config = json.dumps(_only_version_one(repository / "clf" / CONFIG))
        client.load_model("clf", config=config)  # the newest version is taken back
        stop.set()
        for thread in threads:
            thread.join()
        assert faults == []
        states = {item.version: item.state for item in client.get_model_repository_index().models if item.name == "clf"}
        assert states["1"] == "READY"
        assert states["2"] in ("UNLOADING", "UNAVAILABLE")
        [counts] = client.get_inference_statistics("clf", "1").model_stats
        assert counts.execution_count < counts.inference_count  # some were brought together
        with urllib.request.urlopen(there.metrics) as page:
            assert 'nv_inference_count{model="clf"' in page.read().decode()


def _feeds(bundle, rows):
    """What the graph is fed for these rows."""
    seen = []
    bundle.outputs_by(rows, lambda feeds: seen.append(feeds) or bundle.run(feeds))
    return seen[0]


def _only_version_one(path):
    from google.protobuf import json_format, text_format
    from tritonclient.grpc import model_config_pb2

    found = text_format.Parse(path.read_text(encoding="utf-8"), model_config_pb2.ModelConfig())
    found.version_policy.Clear()
    found.version_policy.specific.versions.append(1)
    return json_format.MessageToDict(found, preserving_proto_field_name=True)
