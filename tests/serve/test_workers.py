"""Several processes on one port."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import httpx
import pytest

from tunebook.core.errors import BookError, MachineError, TunebookError
from tunebook.serve import workers
from tunebook.serve.server import Listen
from tunebook.serve.start import How

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setattr(workers, "_MODULE", "tests.serve.run_worker")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "src")]))


def test_processes_share_a_port_and_one_that_dies_is_started_again(monkeypatch):
    born, answers, pages = [], [], []
    begun = workers._begun
    monkeypatch.setattr(workers, "_begun", lambda *given: born.append(begun(*given)) or born[-1])

    def ask(url):
        while len(born) < 3:
            time.sleep(0.02)
        for _ in range(10):
            answers.append(httpx.post(f"{url}/predict", json={"text": "a"}, timeout=20).status_code)
        pages.append(httpx.get(f"{url}/metrics").text)
        _thread.interrupt_main()

    def ready(url, versions):
        assert [item["version"] for item in versions] == ["run-a"]
        born[0].born -= 60
        os.kill(born[0].process.pid, signal.SIGKILL)
        threading.Thread(target=ask, args=(url,)).start()

    done = workers.run_many("model", Listen(port=0, drain=0), How(), 2, ready)
    assert answers == [200] * 10 and len(born) == 3
    assert done["requests"] == 11  # the page of figures is one
    [line] = [line for line in pages[0].splitlines() if line.startswith("tunebook_texts_total")]
    assert float(line.split()[-1]) == 10
    assert all(worker.process.poll() is not None for worker in born)


@pytest.mark.parametrize(("what", "code"), [("nothing", "serve.what"), ("broken", "serve.worker")])
def test_a_process_that_cannot_start_says_why(what, code):
    with pytest.raises(TunebookError) as found:
        workers.run_many(what, Listen(port=0), How(), 2, lambda url, versions: None)
    assert found.value.code == code
    if what == "broken":
        assert isinstance(found.value, MachineError) and found.value.value == 7


def test_what_stops_a_process_is_told_as_it_was_there():
    inner = BookError("serve.prefix", key="--prefix", value="nlp", allowed="/NAME")
    error = workers._as_raised(inner.code, {name: str(value) for name, value in inner.fields.items()})
    assert (str(error), error.key) == (str(inner), "--prefix")


def test_a_process_that_says_nothing_has_answered_nothing():
    made = subprocess.Popen(["true"], stdout=subprocess.PIPE, text=True)
    assert workers._ended(workers._Worker(made, 0.0)) == 0
