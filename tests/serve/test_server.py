"""The server as a process: its port, its end, and clients that do not get to the point."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tunebook.core.errors import MachineError
from tunebook.requests.log import open_log
from tunebook.serve.server import Listen, bound, url_of

ROOT = Path(__file__).parents[2]


@contextmanager
def process(*words):
    command = [sys.executable, "-m", "tests.serve.run_words", "0", *map(str, words)]
    path = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    env = {**os.environ, "PYTHONPATH": path}
    made = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=env)
    try:
        line = made.stdout.readline()
        assert line, made.stderr.read()
        made.url = json.loads(line)["url"]
        yield made
    finally:
        if made.poll() is None:
            made.kill()
        made.communicate()


def _until(what):
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < 30
        time.sleep(0.01)


def test_accepted_requests_are_answered_before_the_end(tmp_path):
    with process(tmp_path / "log.sqlite", "0.02") as server:
        answered, failed = [], []

        def ask(number):
            with httpx.Client(base_url=server.url, timeout=20) as client:
                for place in range(1000):
                    try:
                        found = client.post("/predict", json={"text": f"{number} {place}"})
                    except (httpx.ConnectError, httpx.RemoteProtocolError):
                        return  # the door is closed, or the idle connection: not accepted; the log says whether it was
                    except httpx.HTTPError as error:
                        failed.append(error)
                        return
                    (answered if found.status_code == 200 else failed).append(found.json()["request_id"])

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        _until(lambda: len(answered) >= 20)
        server.send_signal(signal.SIGTERM)
        out, _ = server.communicate(timeout=20)
        for thread in threads:
            thread.join()
    assert server.returncode == 0 and failed == []
    done, modules = map(json.loads, out.splitlines())
    assert done["requests"] == len(answered)
    assert not {"torch", "transformers", "pandas", "sklearn", "onnx"} & set(modules)
    rows = open_log(tmp_path / "log.sqlite").answered()
    assert sorted(rows["request"].to_pylist()) == sorted(answered)


def test_a_kill_loses_no_record_of_an_answer_that_was_given(tmp_path):
    with process(tmp_path / "log.sqlite") as server:
        answered = []

        def ask():
            with httpx.Client(base_url=server.url) as client:
                while True:
                    try:
                        found = client.post("/predict", json={"texts": ["a", "b"]})
                    except httpx.HTTPError:
                        return
                    answered.append(found.json()["request_id"])

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        _until(lambda: len(answered) >= 30)
        server.kill()
        for thread in threads:
            thread.join()
    rows = open_log(tmp_path / "log.sqlite").answered()
    kept = rows["request"].to_pylist()
    assert all(kept.count(request) == 2 for request in answered)


def test_a_client_that_goes_away_or_sends_nonsense_does_no_harm():
    with process("", "0.2") as server:
        host, port = server.url.removeprefix("http://").split(":")
        body = b'{"text": "a"}'
        head = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
        with socket.create_connection((host, int(port))) as leaves:
            leaves.sendall(head.format(len(body)).encode() + body)
            time.sleep(0.1)
        for nonsense in (b"\x00\xff\x00\r\n\r\n", b"POST /predict HTTP/1.1\r\nContent-Length: x\r\n\r\n"):
            with socket.create_connection((host, int(port))) as strange:
                strange.sendall(nonsense)
                strange.settimeout(5)
                assert strange.recv(1000).startswith(b"HTTP/1.1 400")
        with socket.create_connection((host, int(port))) as large:
            large.sendall(head.format(10_000_000).encode())
            for _ in range(10):
                large.sendall(b" " * 1_000_000)
            assert b" 413 " in large.recv(100)
        assert httpx.post(f"{server.url}/predict", json={"text": "a"}).status_code == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(10) == 0
        assert server.stderr.read() == ""


def test_a_port_that_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(MachineError) as found:
            bound(Listen(port=port))
    assert found.value.code == "serve.port" and str(port) in found.value.fields["value"]


@pytest.mark.parametrize("listen", [Listen(host="192.0.2.1"), Listen(port=70_000), Listen(host="no.such.host.invalid")])
def test_addresses_that_are_not_ours(listen):
    with pytest.raises(MachineError) as found:
        bound(listen)
    assert found.value.code == "serve.port"


def test_the_address_for_clients_here():
    with bound(Listen(host="0.0.0.0", port=0)) as sock:
        assert url_of(sock, "/nlp") == f"http://127.0.0.1:{sock.getsockname()[1]}/nlp"
    with bound(Listen(host="::1", port=0)) as sock:
        assert url_of(sock).startswith("http://[::1]:")
