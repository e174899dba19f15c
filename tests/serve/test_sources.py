"""Where versions come from: a book's change log, or what was given."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.logged import make_book
from tests.serve.models import Memory, Words
from tunebook.cli import serve as command
from tunebook.core.errors import BookError, ModelError, RunError, TunebookError
from tunebook.core.messages import LANGUAGES, has_words, say_in
from tunebook.core.operation import Rolling
from tunebook.rollout.state import State, state, write
from tunebook.serve import make_app, openapi, problems, sources, start, workers
from tunebook.serve.bodies import Predict
from tunebook.serve.sources import Given, OfBook, bundle_of, check_finished
from tunebook.serve.start import How
from tunebook.verbs.steps.book import Book


@pytest.fixture
def book(tmp_path, monkeypatch):
    made = make_book(tmp_path / "book")
    for run in ("run-a", "run-b"):
        folder = made.path / "runs" / run
        bundle_of(folder).mkdir(parents=True)
        (folder / "plan.json").write_text("{}")
    monkeypatch.setattr(sources, "open_bundle", lambda folder, threads: Words(folder.parents[1].name))
    return made


def test_the_change_log_says_who_answers(book):
    live = write(book, State(), "deploy", {"run": "run-a"})
    source = OfBook(book)
    assert source.router().versions == ("run-a",)
    before = source.mark()
    assert source.mark() == before
    write(book, live, "start", {"run": "run-b", "rules": Rolling(stages=[0, 100]).model_dump(mode="json")})
    assert source.mark() != before
    router = source.router()
    assert router.versions == ("run-a", "run-b") and router.choose("ann").shadow == "run-b"
    assert source.open_model("run-b").id == "run-b"


def test_a_book_is_served_with_its_log(book):
    write(book, State(), "deploy", {"run": "run-a"})
    app = make_app(book.path)

    async def work():
        import httpx

        async with app.router.lifespan_context(app):
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
                return [(await client.post("/predict", json={"text": "a"})).json() for _ in range(3)]

    said = asyncio.run(work())
    from tunebook.requests.log import open_log

    rows = open_log(book.path).answered()
    assert rows["request"].to_pylist() == [one["request_id"] for one in said]
    assert all(one["logged"] for one in said) and rows["version"].to_pylist() == ["run-a"] * 3


def test_the_rollout_goes_on_in_one_process_only(book, monkeypatch):
    live = write(book, State(), "deploy", {"run": "run-a"})
    steps = []
    monkeypatch.setattr(sources, "_step", lambda book, log: steps.append(book.path))
    first, second = OfBook(book), OfBook(book)
    first.step()
    assert steps == []  # there is no rollout
    write(book, live, "start", {"run": "run-b", "rules": Rolling().model_dump(mode="json")})
    first.step()
    second.step()
    assert len(steps) == 1
    first.close()
    second.step()
    assert len(steps) == 2
    second.close()


def test_a_run_without_a_bundle_is_exported_by_a_process_of_its_own(book, monkeypatch):
    bundle_of(book.path / "runs" / "run-b").rmdir()
    asked = []

    class Done:
        returncode = 1

    monkeypatch.setattr(sources.subprocess, "run", lambda words, **how: asked.append(words) or Done())
    with pytest.raises(ModelError) as found:
        OfBook(book).open_model("run-b")
    assert found.value.code == "serve.no_bundle" and asked[0][2:4] == ["tunebook", "export"]


def test_a_book_with_nothing_to_serve(book):
    with pytest.raises(BookError) as found:
        check_finished(book)
    assert found.value.code == "serve.untrained" and "promote" in str(found.value)
    write(book, State(), "deploy", {"run": "run-gone"})
    with pytest.raises(RunError) as gone:
        make_app(book.path)
    assert gone.value.code == "serve.run_gone" and state(book).live == "run-gone"


def test_models_that_are_given():
    source = Given([Words(), Words("run-b")], journal := Memory())
    assert source.router().versions == ("run-a",) and source.open_model("run-b").id == "run-b"
    source.step()
    source.close()
    assert journal.closed and source.mark() is None and source.journal() is journal
    assert Given([Words(), Words("run-b")], shadow=True).router().choose("a").shadow == "run-b"


@pytest.mark.parametrize(
    ("what", "how", "code"),
    [
        ("nowhere", How(), "serve.what"),
        (Words(), How(prefix="nlp"), "serve.prefix"),
        (Words(), How(prefix="/n lp"), "serve.prefix"),
    ],
)
def test_what_cannot_be_served(what, how, code, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BookError) as found:
        make_app(what, how)
    assert found.value.code == code


def test_files_of_keys(tmp_path):
    path = tmp_path / "keys.txt"
    for text in (
        None,
        "",
        "# nothing\n",
        "short\n",
        "has a blank in the middle of it\n",
        "钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙钥匙\n",
    ):
        if text is not None:
            path.write_text(text, encoding="utf-8")
        with pytest.raises(BookError) as found:
            make_app(Words(), key_file=path)
        assert found.value.code == "serve.key_file"
    path.write_text("# mine\n0123456789abcdef\n\nfedcba9876543210\n")
    assert make_app(Words(), key_file=path, prefix="/nlp/")


def test_a_log_beside_a_bundle(tmp_path):
    journal = start._journal(How(log=str(tmp_path / "log.sqlite")), tmp_path)
    assert journal.put([]).result(5) == 0
    journal.close()


def test_what_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(start._NEEDED, "no_such_module", "no-such-package")
    with pytest.raises(TunebookError) as found:
        start.check_extra()
    assert (found.value.code, found.value.key) == ("machine.extra", "no-such-package")


def test_the_page_names_every_path_in_both_languages():
    for name in ("predict", "embed", "rerank", "feedback", "health", "ready", "versions", "metrics"):
        assert has_words(f"serve.page_{name}")
    said = openapi.described(Predict)
    assert said["openapi_extra"]["requestBody"]["required"]
    for language in LANGUAGES:
        assert say_in(language, "serve.page")


def test_an_error_that_is_none_of_ours_has_words():
    found = problems.as_error(ValueError("secret"))
    assert (found.code, problems.status_of(found)) == ("serve.failed", 500)
    assert "secret" not in str(problems.told(found, "zh"))
    assert problems.as_error(OSError(28, "full")).code == "machine.disk"
    assert problems.status_of(problems.as_error(MemoryError())) == 503


def test_json_that_can_be_read():
    assert problems.as_json({"a": float("nan"), "b": ["\ud800", 1.5, {"c": float("inf")}]}) == (
        b'{"a":null,"b":["\\ud800",1.5,{"c":null}]}'
    )


@pytest.mark.parametrize(("name", "value"), [("--port", "70000"), ("--workers", "0"), ("--threads", "0")])
def test_options_out_of_bounds(name, value):
    where = command.Where(port=int(value)) if name == "--port" else command.Where()
    machine = command.Machine(**{name[2:]: int(value)}) if name != "--port" else command.Machine()
    with pytest.raises(TunebookError) as found:
        command.serve("book", where, machine)
    assert (found.value.code, found.value.key) == ("cli.option", name)


def test_an_order_for_a_process_is_json(tmp_path):
    import json

    with socket.socket() as sock:
        order = workers._order("book", workers.Listen(), How(key_file=tmp_path / "keys"), sock)
    said = json.loads(order)
    assert said["how"]["key_file"] == str(tmp_path / "keys") and said["listen"]["port"] == 8080


_CODE = """
import asyncio, sys
import onnxruntime, tokenizers, tunebook.bundle.runtime
from tests.serve.models import Words
from tunebook.serve import make_app, sources
sources.open_bundle = lambda folder, threads: Words(folder.parents[1].name)
app = make_app(sys.argv[1])
async def main():
    async with app.router.lifespan_context(app):
        await app.state.traffic.look()
        assert app.state.traffic.readiness()["ready"]
asyncio.run(main())
assert app.state.traffic.desk.figures.page()
sys.exit(" ".join({"torch", "transformers", "sklearn", "pandas", "matplotlib", "onnx"} & set(sys.modules)) or 0)
"""


def test_a_server_of_a_book_holds_no_torch(book):
    write(book, State(), "deploy", {"run": "run-a"})
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), str(root / "src")])}
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(book.path)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_path_of_the_log_is_seen_from_the_book(book, tmp_path, monkeypatch):
    with (book.path / "book.toml").open("a") as file:
        file.write('\n[serve]\nlog = "asked.sqlite"\n')
    monkeypatch.chdir(tmp_path)
    source = OfBook(Book(book.path))
    journal = source.journal()
    assert journal is not None
    source.close()
    from tunebook.verbs.steps.request_log import request_log

    assert source._log is not None and source._log.name == request_log(source.book).name
    assert str(book.path / "asked.sqlite") in source._log.name
