"""Versions come and go while requests are answered, and none of them is lost."""

from __future__ import annotations

import asyncio
import threading
import time

import httpx
import pytest

from tests.serve.models import Memory, Words
from tunebook.core.errors import MachineError, ModelError
from tunebook.core.operation import Serving
from tunebook.rollout.choice import Choice
from tunebook.serve.app import application
from tunebook.serve.batcher import Batching
from tunebook.serve.desk import Desk, GoneError
from tunebook.serve.figures import Figures
from tunebook.serve.fleet import Fleet
from tunebook.serve.records import Asked, Outcome, records
from tunebook.serve.traffic import Traffic


class Split:
    """The champion for keys that end in an even digit, the challenger for others."""

    def __init__(self, *versions):
        self.versions = versions

    def choose(self, key):
        odd = len(self.versions) > 1 and key[-1:].isdigit() and int(key[-1]) % 2 == 1
        return Choice(
            self.versions[-1] if odd else self.versions[0], "challenger" if odd else "champion", None, 1, "00"
        )


class Changing:
    """A source whose versions a test changes."""

    def __init__(self, *versions):
        self.versions, self.models, self.memory, self.steps, self.broken = versions, {}, Memory(), 0, set()

    def mark(self):
        return self.versions

    def router(self):
        return Split(*self.versions)

    def open_model(self, version):
        if version in self.broken:
            raise ModelError("model.unread", key="model", value=version)
        return self.models.setdefault(version, Words(version, slow=0.002))

    def journal(self):
        return self.memory

    def step(self):
        self.steps += 1
        if self.steps == 1:
            raise RuntimeError("a step that fails does not end the steps")

    def close(self):
        self.memory.close()


def running(source, work, look=0.05):
    """Run `work(client, traffic)` beside a server."""

    async def whole():
        traffic = Traffic(source, Serving(), look=look, step=0.02)
        app = application(traffic)
        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
                return await work(client, traffic)

    return asyncio.run(whole())


def test_a_hot_swap_and_an_abort_lose_no_request():
    source = Changing("run-a")
    answered = []

    async def work(client, traffic):
        stop = asyncio.Event()

        async def user(number):
            while not stop.is_set():
                found = await client.post("/predict", json={"text": "a b c d", "user": f"user {number}"})
                answered.append((found.status_code, found.json().get("version"), number % 2))

        users = [asyncio.create_task(user(number)) for number in range(10)]
        for versions in (("run-a", "run-b"), ("run-a",), ("run-a", "run-c"), ("run-c",)):
            before = len(answered)
            source.versions = versions
            while set(traffic.desk.fleet.loaded) != set(versions) or len(answered) < before + 40:
                await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*users)
        return (await client.get("/versions")).json()

    said = running(source, work)
    assert {status for status, _, _ in answered} == {200}
    assert {version for _, version, _ in answered} == {"run-a", "run-b", "run-c"}
    assert {version for _, version, odd in answered if not odd} <= {"run-a", "run-c"}
    assert [item["version"] for item in said["versions"]] == ["run-c"]
    assert all(model.closed for model in source.models.values())
    assert len(source.memory.rows) == len(answered) and source.memory.closed
    assert source.steps > 1


def test_a_version_that_cannot_be_loaded_leaves_the_old_one():
    source = Changing("run-a")
    source.broken = {"run-b"}

    async def work(client, traffic):
        await client.get("/metrics")
        source.versions = ("run-b",)
        while traffic.readiness()["swap"] is None:
            await asyncio.sleep(0.01)
        found = (await client.post("/predict", json={"text": "a"})).json()
        ready = await client.get("/ready")
        assert (found["version"], ready.status_code, ready.json()["swap"]["code"]) == ("run-a", 200, "model.unread")
        source.broken = set()
        while traffic.readiness()["swap"] is not None:
            await asyncio.sleep(0.01)
        assert (await client.post("/predict", json={"text": "a"})).json()["version"] == "run-b"
        text = (await client.get("/metrics")).text
        assert (
            'tunebook_swaps_total{outcome="done"} 1.0' in text
            and 'tunebook_version{bundle="hash-of-run-a",version="run-a"} 0.0' in text
        )

    running(source, work)


def test_a_start_that_fails_closes_what_was_opened():
    source = Changing("run-a", "run-b")
    source.broken = {"run-a"}
    with pytest.raises(ModelError):
        running(source, None)
    assert source.memory.closed and not source.models


def test_a_new_version_that_is_broken_does_not_keep_a_server_from_its_start():
    source = Changing("run-a", "run-b")
    source.broken = {"run-b"}

    async def work(client, traffic):
        ready = await client.get("/ready")
        assert (ready.status_code, ready.json()["swap"]["code"]) == (200, "model.unread")
        said = [await client.post("/predict", json={"text": "a", "user": f"user {number}"}) for number in range(4)]
        assert {one.json()["version"] for one in said} == {"run-a"}
        assert {row.stage for row in source.memory.rows} == {0}  # nobody was drawn, so the rollout learns nothing of it
        source.broken = set()
        while traffic.readiness()["swap"] is not None:
            await asyncio.sleep(0.01)
        assert (await client.post("/predict", json={"text": "a", "user": "user 1"})).json()["version"] == "run-b"

    running(source, work)


def test_a_version_is_closed_after_its_last_request():
    fleet = Fleet(Words, Batching())
    loaded = fleet.load("run-a")
    assert fleet.load("run-a") is loaded
    with fleet.use("run-a"):
        fleet.retire(())
        assert fleet.sweep() == [] and not loaded.model.closed
    assert fleet.sweep() == ["run-a"] and loaded.model.closed
    with pytest.raises(MachineError) as found, fleet.use("run-a"):
        pass
    assert found.value.code == "serve.no_version"
    fleet.load("run-b")
    fleet.retire(())
    assert not fleet.load("run-b").retired
    fleet.close()
    assert not fleet.loaded


def test_a_model_of_pairs_is_warmed_and_one_that_cannot_be_warmed_is_refused():
    fleet = Fleet(lambda version: Words(version, pairs=True), Batching())
    assert len(fleet.load("run-a").model.passes[0]) == 3
    fleet.close()

    class Broken(Words):
        def outputs(self, rows):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        Fleet(Broken, Batching()).load("run-b")


def test_a_client_that_has_gone_is_given_up():
    model = Words()

    async def work():
        fleet = Fleet(lambda version: model, Batching())
        fleet.load("run-a")
        desk = Desk(fleet, Serving(), None, Figures())
        desk.router = Split("run-a")
        model.hold.clear()
        threading.Timer(0.3, model.hold.set).start()
        asked = Asked("id", "predict", "key", ["gone"], None, None, time.perf_counter(), time.time(), True)

        async def gone():
            await asyncio.sleep(0.02)

        with pytest.raises(GoneError):
            await desk.answer(asked, gone)
        fleet.close()

    asyncio.run(work())


def test_before_a_version_is_there_nobody_is_answered():
    desk = Desk(Fleet(Words, Batching()), Serving(), None, Figures())
    asked = Asked("id", "predict", "key", ["a"], None, None, 0.0, 0.0, True)
    with pytest.raises(MachineError) as found:
        asyncio.run(desk.answer(asked, None))
    assert found.value.code == "serve.no_version"


def test_a_failure_is_a_record_without_tokens():
    asked = Asked("id", "predict", "key", ["a", "b"], ["c", "d"], None, 0.0, 1.0, False)
    outcome = Outcome(Words(), "champion", Choice("run-a", "champion", None, 0, "00"), 1.0, 0.5, status=500, error="x")
    rows = records(asked, outcome, Serving(keep_texts=True))
    assert [(row.number, row.tokens, row.label, row.text, row.pair) for row in rows] == [
        (0, 0, "", "a", "c"),
        (1, 0, "", "b", "d"),
    ]
