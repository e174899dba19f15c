"""What the server answers, and what it says of requests that it cannot answer."""

from __future__ import annotations

import json
import logging
import re
import time
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient

from tests.serve.models import Memory, Words
from tunebook.core.errors import MachineError
from tunebook.core.operation import Serving
from tunebook.requests.trouble import Trouble
from tunebook.serve.app import Front, application
from tunebook.serve.intake import Keys
from tunebook.serve.sources import Given
from tunebook.serve.traffic import Traffic

KEY = "0123456789abcdef0123"


@contextmanager
def served(*models, journal=None, shadow=False, front=None, **serving):
    traffic = Traffic(Given(models or (Words(),), journal, shadow=shadow), Serving(**serving))
    with TestClient(application(traffic, front), raise_server_exceptions=False) as client:
        client.traffic = traffic
        yield client


@pytest.fixture(scope="module")
def client():
    with served(Words(gives=("predict", "embed", "rerank")), journal=Memory()) as made:
        yield made


def problem(answer, status, code):
    said = answer.json()
    assert (answer.status_code, said["error"]["code"]) == (status, code)
    assert said["error"]["message"] and said["error"]["advice"] and said["request_id"] == answer.headers["x-request-id"]
    return said["error"]


def test_one_text(client):
    found = client.post("/predict", json={"text": "one two three four"})
    said = found.json()
    assert found.status_code == 200
    assert said["answer"]["label"] == "long" and set(said["answer"]["scores"]) == {"short", "long"}
    assert (said["version"], said["bundle"], said["logged"]) == ("run-a", "hash-of-run-a", True)
    assert found.headers["x-tunebook-version"] == "run-a"
    assert found.headers["x-tunebook-bundle"] == "hash-of-run-a"
    assert found.headers["x-request-id"] == said["request_id"]


def test_several_texts_and_the_best_classes(client):
    said = client.post("/predict", json={"texts": ["a b c d", "a"], "top_k": 1}).json()
    assert [answer["label"] for answer in said["answers"]] == ["long", "short"]
    assert [len(answer["scores"]) for answer in said["answers"]] == [1, 1]
    said = client.post("/predict", json={"texts": ["a", " "]}).json()
    assert [answer["notes"] for answer in said["answers"]] == [[], ["no_text"]]


def test_vectors_and_passages(client):
    assert client.post("/embed", json={"text": "a b"}).json()["vector"] == [3.0, 2.0]
    assert client.post("/embed", json={"texts": ["a", "a b"]}).json()["vectors"] == [[3.0, 1.0], [3.0, 2.0]]
    assert client.post("/embed", json={"texts": ["a", " "], "side": "query"}).json()["vectors"] == [[3.0, 1.0], None]
    assert {"query", "passage"} <= client.traffic.desk.fleet.loaded["run-a"].model.sides
    assert (
        problem(client.post("/embed", json={"text": "a", "side": "q"}), 422, "serve.field")["allowed"]
        == "query | passage"
    )
    problem(client.post("/rerank", json={"query": " ", "passages": ["a"]}), 422, "rerank.query")
    said = client.post("/rerank", json={"query": "q", "passages": ["a", "a b c d e f", "b"], "top_k": 2}).json()
    assert [(one["rank"], one["place"]) for one in said["passages"]] == [(1, 1), (2, 0)]


def test_the_id_of_a_request_is_the_clients_where_it_is_one(client):
    assert (
        client.post("/predict", json={"text": "a"}, headers={"X-Request-Id": "shop-1:7"}).json()["request_id"]
        == "shop-1:7"
    )
    for wrong in ("", "a b", "x" * 200, "<script>"):
        made = client.post("/predict", json={"text": "a"}, headers={"X-Request-Id": wrong}).json()["request_id"]
        assert made != wrong and len(made) == 32


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "serve.json"),
        (b'{"text": "\\ud800"}', 400, "serve.json"),
        (b'{"text": 1}', 422, "serve.field"),
        (b'{"text": "a", "colour": 1}', 422, "serve.unknown"),
        (b"{}", 422, "serve.one_of"),
        (json.dumps({"texts": ["a"] * 65}).encode(), 422, "serve.too_many"),
        (json.dumps({"text": "a" * 100_001}).encode(), 422, "serve.too_long"),
        (b'{"text": "' + b"a" * 10_000_000 + b'"}', 413, "serve.too_large"),
    ],
)
def test_bodies_that_are_refused(client, body, status, code):
    problem(client.post("/predict", content=body, headers={"content-type": "application/json"}), status, code)


def test_other_ways_to_ask_wrongly(client):
    problem(
        client.post("/predict", content=b"text=a", headers={"content-type": "application/x-www-form-urlencoded"}),
        415,
        "serve.media",
    )
    problem(client.post("/predict", content=b'{"text": "a"}'), 415, "serve.media")
    assert problem(client.get("/predict"), 405, "serve.method")["allowed"] == "POST"
    assert "/predict" in problem(client.get("/nothing"), 404, "serve.path")["allowed"]
    with served() as other:
        assert problem(other.post("/embed", json={"text": "a"}), 404, "serve.gives")["allowed"] == "predict"


def test_zero_bytes_are_text(client):
    assert client.post("/predict", json={"text": "a\0b"}).status_code == 200


def test_what_a_model_refuses_is_told():
    with served(Words(pairs=True)) as client:
        problem(client.post("/predict", json={"text": "a"}), 422, "predict.how")
        assert client.post("/predict", json={"text": "a", "pair": "b c d"}).json()["answer"]["label"] == "long"


@pytest.mark.parametrize(
    ("header", "language"),
    [("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en-GB", "en"), ("de, zh;q=0.5, en;q=0.4", "zh"), ("de", "en"), ("", "en"),
     ("zh;q=0, en;q=0.1", "en"), ("zh;q=x", "en"), ("zh;level=1", "zh")],
)  # fmt: skip
def test_errors_are_told_in_the_language_of_the_client(client, header, language):
    found = client.post("/predict", json={}, headers={"Accept-Language": header})
    assert found.headers["content-language"] == language
    assert ("必须" in found.json()["error"]["message"]) == (language == "zh")


def test_a_name_that_was_meant_is_told_in_the_language_too(client):
    found = client.post("/predict", json={"txt": "a"}, headers={"Accept-Language": "zh"}).json()["error"]
    assert found["advice"].startswith("是否想写 text？")


def test_a_model_that_fails_tells_no_words_of_users(caplog):
    journal = Memory()
    with served(journal=journal) as client, caplog.at_level(logging.DEBUG):
        for text in ("poison", "unreadable"):
            found = client.post("/predict", json={"text": f"{text} and secret things"})
            assert "secret" not in found.text
            problem(found, 500, "serve.failed")
    assert "secret" not in caplog.text and "RuntimeError at models.py" in caplog.text
    assert [(row.status, row.error, row.label) for row in journal.rows] == [(500, "serve.failed", "")] * 2


def test_every_text_is_a_record_before_the_answer_leaves():
    journal = Memory()
    with served(journal=journal) as client:
        said = client.post("/predict", json={"texts": ["what is this?", "这 是 什 么"], "user": "ann"}).json()
        first, second = journal.rows
        assert (first.request, first.number, second.number) == (said["request_id"], 0, 1)
        assert (first.version, first.bundle, first.role, first.stage) == ("run-a", "hash-of-run-a", "champion", 0)
        assert (first.path, first.status, first.error) == ("predict", 200, "")
        assert (first.characters, first.tokens, first.unknown, first.cut) == (13, 5, 1, False)
        assert (first.language, second.language) == ("en", "zh")
        assert (first.label, second.label) == ("short", "long")
        assert first.score == said["answers"][0]["score"]
        assert 0 <= first.waited <= first.seconds < 5 and abs(first.at - time.time()) < 60
        assert first.text == "" and first.answer is None and "ann" not in str(first)
        again = client.post("/predict", json={"text": "other", "user": "ann"}).json()
        assert journal.rows[2].unit == first.unit and again["request_id"] != said["request_id"]
        client.post("/predict", json={"text": "other"}, headers={"X-User-Id": "ann"})
        assert journal.rows[3].unit == first.unit


def test_a_share_of_the_requests_is_kept():
    journal = Memory()
    with served(journal=journal, sample=0.5) as client:
        logged = [client.post("/predict", json={"text": "a"}).json()["logged"] for _ in range(60)]
    assert 10 < sum(logged) < 50 and len(journal.rows) == sum(logged)


@pytest.mark.parametrize("unlogged", ["answer", "refuse"])
def test_a_log_that_cannot_be_written(unlogged):
    journal = Memory()
    journal.error = MachineError("machine.disk", key="log", reason="full")
    journal.state = Trouble(error="machine.disk", durable=False)
    with served(journal=journal, unlogged=unlogged) as client:
        found = client.post("/predict", json={"text": "a"})
        ready = client.get("/ready")
        if unlogged == "answer":
            assert found.json()["logged"] is False and found.json()["answer"]
            assert ready.status_code == 200 and ready.json()["log"] == "machine.disk"
        else:
            problem(found, 503, "serve.unlogged")
            assert ready.status_code == 503 and found.headers["retry-after"] == "5"


def test_shadow_answers_are_records_that_nobody_gets():
    journal, other = Memory(), Words("run-b")
    with served(Words(), other, journal=journal, shadow=True) as client:
        said = client.post("/predict", json={"text": "a b c d"}).json()
        assert said["version"] == "run-a"
    rows = {row.version: row for row in journal.rows}
    assert (rows["run-a"].role, rows["run-b"].role) == ("champion", "shadow")
    assert rows["run-b"].request == rows["run-a"].request and rows["run-b"].label == "long"
    assert other.closed


def test_a_shadow_that_fails_is_a_record_too():
    class Broken(Words):
        def answers(self, rows, outputs, top_k=None):
            raise RuntimeError("secret")

    journal = Memory()
    with served(Words(), Broken("run-b"), journal=journal, shadow=True) as client:
        assert client.post("/predict", json={"text": "a"}).status_code == 200
    assert [(row.role, row.status) for row in journal.rows] == [("champion", 200), ("shadow", 500)]


def test_feedback(client):
    journal = client.traffic.desk.journal
    request = client.post("/predict", json={"text": "a"}).json()["request_id"]
    assert client.post("/feedback", json={"request": request, "value": "long"}).json()["unknown"] == 0
    assert client.post("/feedback", json={"request": "nobody", "name": "bought", "value": True}).json()["unknown"] == 1
    many = {"items": [{"request": request, "name": "stars", "value": 4.5}, {"request": request, "value": "short"}]}
    assert client.post("/feedback", json=many).json()["kept"] == 2
    assert [(row.name, row.value) for row in journal.told] == [
        ("label", "long"),
        ("bought", 1.0),
        ("stars", 4.5),
        ("label", "short"),
    ]
    assert (
        problem(client.post("/feedback", json={"request": request, "value": "Long"}), 422, "serve.label")["allowed"]
        == "long | short"
    )
    with served() as other:
        problem(other.post("/feedback", json={"request": "a", "value": "long"}), 503, "serve.no_log")


def test_keys():
    with served(front=Front(keys=Keys([KEY]))) as client:
        found = client.post("/predict", json={"text": "a"})
        problem(found, 401, "serve.key")
        assert found.headers["www-authenticate"] == "Bearer"
        problem(
            client.post("/predict", json={"text": "a"}, headers={"Authorization": f"Bearer {KEY}x"}), 401, "serve.key"
        )
        problem(client.get("/metrics"), 401, "serve.key")
        problem(client.get("/versions"), 401, "serve.key")
        for header in ({"Authorization": f"bearer {KEY}"}, {"X-API-Key": KEY}):
            assert client.post("/predict", json={"text": "a"}, headers=header).status_code == 200
        assert client.get("/health").status_code == client.get("/ready").status_code == 200


def test_behind_a_prefix():
    with served(front=Front(prefix="/nlp/v1")) as client:
        for path in ("/nlp/v1/predict", "/predict"):  # a proxy leaves the prefix, or takes it off
            assert client.post(path, json={"text": "a"}).status_code == 200
        assert "/nlp/v1/openapi.json" in client.get("/nlp/v1/docs").text
        assert client.get("/nlp/v1/").url.path == "/nlp/v1/docs"
        assert client.get("/nlp/v1/openapi.json").json()["servers"][0]["url"] == "/nlp/v1"
        problem(client.get("/nlp/v1/nothing"), 404, "serve.path")


def test_figures_have_the_names_that_we_gave_them(client):
    client.post("/predict", json={"text": "a"})
    text = client.get("/metrics").text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert all(name.startswith("tunebook_") for name in names)
    assert {"tunebook_requests_total", "tunebook_request_seconds", "tunebook_pass_rows", "tunebook_log_rows"} <= names
    assert 'tunebook_texts_total{path="predict",role="champion",version="run-a"}' in text
    assert "NaN" not in text and 'tunebook_version{bundle="hash-of-run-a",version="run-a"} 1.0' in text
    before = text
    client.traffic.desk.figures.request("predict", 200, "run-a", float("nan"))

    def total(page):
        return next(line for line in page.splitlines() if line.startswith("tunebook_request_seconds_sum"))

    assert "NaN" not in total(client.get("/metrics").text) and "NaN" not in total(before)


def test_the_page_needs_no_network(client):
    for header, word in (("en", "What this server answers"), ("zh", "本服务提供的接口")):
        text = client.get("/docs", headers={"Accept-Language": header}).text
        assert word in text
        assert not [link for link in re.findall(r"https?://[^/ ]+", text) if link != "http://testserver"]
        assert "<script" not in text
        assert all(f"/{name}" in text for name in ("predict", "embed", "rerank", "feedback", "metrics"))
    schema = client.get("/openapi.json").json()
    body = schema["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["properties"]) == {"text", "texts", "user", "pair", "pairs", "top_k"}


def test_versions_and_readiness(client):
    [version] = client.get("/versions").json()["versions"]
    assert version["version"] == "run-a" and version["live"] and version["gives"] == ["embed", "predict", "rerank"]
    assert client.get("/ready").json()["ready"] and client.get("/health").json() == {"status": "ok"}
    traffic = Traffic(Given([Words()]), Serving())
    assert not traffic.readiness()["ready"]


def test_a_class_that_is_called_as_a_number_and_a_probe_by_head():
    journal = Memory()
    model = Words()
    model.names = ("3", "4")
    with served(model, journal=journal) as client:
        assert client.post("/feedback", json={"request": "x", "value": 3}).status_code == 200
        assert journal.told[-1].value == "3"
        assert client.post("/feedback", json={"request": "x", "value": 5}).json()["error"]["code"] == "serve.label"
        assert client.post("/feedback", json={"request": "x", "value": 3, "name": "bought"}).status_code == 200
        assert journal.told[-1].value == 3.0
        assert client.head("/health").status_code == client.head("/ready").status_code == 200


def test_a_log_that_is_behind_is_told():
    journal = Memory()
    journal.state = Trouble(spooled=3, kept=1, refused=2, error="requests.away")
    with served(journal=journal) as client:
        said = client.get("/ready").json()
        assert said == {"ready": True, "log": "requests.away", "behind": 4, "refused": 2, "swap": None}
        assert 'tunebook_log_rows{place="refused"} 2.0' in client.get("/metrics").text
        for number in (10**30, 1 << 20):
            told = client.post("/feedback", json={"request": "x", "number": number, "value": 1})
            assert (told.status_code, told.json()["error"]["key"]) == (422, "number")
        told = client.post("/feedback", json={"request": "x", "name": "bought", "value": 10**400})
        assert (told.status_code, told.json()["error"]["key"]) == (422, "value")


def test_too_many_wait():
    model = Words()
    with served(model, most_waiting=1) as client:
        model.hold.clear()
        future = client.traffic.desk.fleet.loaded["run-a"].batcher.submit(["first"])
        found = client.post("/predict", json={"text": "second"})
        problem(found, 503, "serve.busy")
        assert int(found.headers["retry-after"]) >= 1
        model.hold.set()
        assert future.result(5)


def test_a_request_that_takes_too_long():
    model, journal = Words(), Memory()
    with served(model, journal=journal, most_seconds=0.1) as client:
        model.hold.clear()
        problem(client.post("/predict", json={"text": "a"}), 503, "serve.late")
        model.hold.set()
    assert [row.error for row in journal.rows] == ["serve.late"]


def test_texts_are_kept_masked_and_only_where_the_book_says_so():
    journal = Memory()
    with served(journal=journal, keep_texts=True) as client:
        client.post("/predict", json={"text": "write to ann@example.org"})
    [row] = journal.rows
    assert "example.org" not in row.text and row.text.startswith("write to") and row.answer["label"] == "short"
    assert len(row.sketch) == 256
