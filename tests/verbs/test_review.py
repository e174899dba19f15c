"""From a file of texts and titles to a model, its texts, and what is said of them: by a form, and by a judge."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.tasks.seq2seq.made import base
from tunebook.cli import main
from tunebook.cli.choose import chosen_run
from tunebook.cli.review import review as command
from tunebook.core.errors import DataError, MachineError, PlanError, TunebookError
from tunebook.tasks.writing.form import Form
from tunebook.verbs.review import Wanted, review
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.outside_judge import KEY, Judge, compared
from tunebook.verbs.steps.runs import Run


class Replies(BaseHTTPRequestHandler):
    """A server that prefers whatever `prefers` says."""

    asked: ClassVar[list[dict[str, Any]]] = []
    keys: ClassVar[list[str | None]] = []
    prefers: ClassVar[Any] = None

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        Replies.asked.append(body)
        Replies.keys.append(self.headers["Authorization"])
        reply = Replies.prefers(body["messages"][0]["content"])
        self.send_response(reply if isinstance(reply, int) else 200)
        self.end_headers()
        content = reply if isinstance(reply, str) else ""
        self.wfile.write(json.dumps({"choices": [{"message": {"content": content}}]}).encode())

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Replies)
    Replies.asked, Replies.keys = [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("written")
    rng = np.random.default_rng(0)
    with (folder / "rows.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["document", "summary"])
        for _ in range(60):
            words = rng.choice([*"abcdef"], rng.integers(4, 12))
            writer.writerow([" ".join(words), words[0]])
    words = ["init", str(folder / "book"), "--data", str(folder / "rows.csv"), "--task", "seq2seq"]
    assert main([*words, "--model", str(base(folder / "base", "t5"))]) == 0
    settings = ["max_epochs=2", "seq2seq.target_length=4", "seq2seq.prefix=sum:", "learning_rate=0.01"]
    assert main(["train", str(folder / "book"), "--track", "none", *(f"--set={one}" for one in settings)]) == 0
    return folder / "book"


@pytest.fixture(scope="module")
def run(book: Path) -> Run:
    return chosen_run(open_book(book), "latest")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out.strip().splitlines()[-1])


def test_a_book_of_texts_to_be_written_from_end_to_end(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    said = told(capsys, "predict", str(book), "a b c", "d e f a b")
    assert {"answer", "prompt", "tokens", "stopped"} <= set(said if "answer" in said else said["answers"][0])
    scores = told(capsys, "eval", str(book))
    assert {"rouge_l/chars", "bleu_4/words", "bits_per_character", "stopped"} <= set(scores["metrics"])
    assert set(scores["baselines"]) == {"lead", "base"}
    page = next(book.glob("runs/*/report.html")).read_text()
    assert "ROUGE-L" in page


def test_the_form_of_answers_is_told(book: Path, run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    (tmp_path / "words.txt").write_text("a\nb\nc\nd\ne\nf\n\n")
    found = told(capsys, "review", str(book), "--format", str(tmp_path / "words.txt"))
    assert 0 <= found["valid"]["low"] <= found["valid"]["value"] <= found["valid"]["high"] <= 1
    assert json.loads((run.results("test") / "review.json").read_text())["valid"] == found["valid"]
    assert main(["review", str(book), "--format", str(tmp_path / "words.txt")]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "words.txt" in shown and "No judge was asked" in shown


def test_a_judge_is_asked_in_both_orders_and_once(
    run: Run, book: Path, address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(KEY, "secret")
    Replies.prefers = lambda text: "2\u2028"  # always the second: no order agrees with the other
    made = review(run, "test", Wanted(judge=Judge(address, "m"), rows=3))
    assert (made["preferred"]["value"], made["agreed"], made["unread"]) == (0.5, 0.0, 0)
    assert len(Replies.asked) == 6 and Replies.asked[0]["model"] == "m" and Replies.asked[0]["temperature"] == 0
    assert set(Replies.keys) == {"Bearer secret"}
    kept = run.results("test") / "judge.jsonl"
    lines = [json.loads(line) for line in kept.read_text().strip().split("\n")]
    assert [line["prompt"] for line in lines] == [one["messages"][0]["content"] for one in Replies.asked]
    assert "secret" not in kept.read_text()
    kept.write_text(kept.read_text() + '{"id": "cut')
    again = review(run, "test", Wanted(judge=Judge(address, "m"), rows=3))
    assert again == made and len(Replies.asked) == 6
    capsys.readouterr()
    Replies.prefers = lambda text: "1"
    assert main(["review", str(book), "--judge", f"{address}=n", "--against", "lead", "--rows", "2"]) == 0
    assert "0.500" in capsys.readouterr().out


def test_who_is_better_in_both_orders_wins_and_what_cannot_be_read_is_a_tie(address: str, tmp_path: Path) -> None:
    def prefers(text: str) -> str:
        first, second = text.split("Answer 1:\n")[1].split("\n\nAnswer 2:\n")
        second = second.split("\n\n")[0]
        if "odd" in (first, second):
            return "no idea, 12 of 10"
        return "0" if first == second else "1." if first == "good" else "I prefer 2"

    Replies.prefers = prefers
    pairs = [("p", "good", "bad"), ("p", "bad", "good"), ("p", "same", "same"), ("p", "odd", "bad")]
    found = compared(Judge(address, "m"), pairs, tmp_path / "judge.jsonl")
    assert [one["score"] for one in found] == [1.0, 0.0, 0.5, 0.5]
    assert found[3] == {"first": None, "second": None, "score": 0.5}


def test_a_judge_that_cannot_be_asked_is_told_with_its_reason(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY, raising=False)
    pairs = [("p", "a", "b")]
    for status, times in ((401, 1), (503, 2)):
        Replies.asked, Replies.prefers = [], lambda text, status=status: status
        with pytest.raises(MachineError, match=str(status)) as caught:
            compared(Judge(address, "m"), pairs, tmp_path / "judge.jsonl")
        assert caught.value.code == "review.silent" and len(Replies.asked) == times
    assert Replies.keys[-1] is None
    with pytest.raises(PlanError) as wrong:
        Judge("file:///etc/passwd", "m")
    assert wrong.value.code == "review.address"


def test_answers_of_another_run_and_of_a_baseline_are_compared(run: Run, address: str) -> None:
    Replies.prefers = lambda text: "0"
    for against in (run, "lead"):
        made = review(run, "test", Wanted(judge=Judge(address, "x"), against=against, rows=2))
        assert made["preferred"]["value"] == 0.5 and made["agreed"] == 1.0
    with pytest.raises(PlanError) as caught:
        review(run, "test", Wanted(judge=Judge(address, "x"), against="leed"))
    assert caught.value.code == "review.against" and caught.value.advice.startswith("Did you mean lead?")
    assert caught.value.allowed == f"true | lead | base | latest | champion | {run.id}"
    for name in (run.id[:17], "latest"):
        made = review(run, "test", Wanted(judge=Judge(address, "x"), against=name, rows=2))
        assert made["preferred"]["against"] == run.id
    with pytest.raises(PlanError) as caught:
        review(run, "test", Wanted(form=Path("none.txt"), against="lead"))
    assert caught.value.code == "review.unjudged"


def test_what_cannot_be_reviewed_is_refused(
    run: Run, book: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PlanError) as caught:
        review(run, "test", Wanted())
    assert caught.value.code == "review.nothing"
    capsys.readouterr()
    assert main(["review", str(book)]) != 0
    assert "--judge http" in " ".join(capsys.readouterr().err.split())
    for given in ({"judge": "nonsense"}, {"rows": 0}):
        with pytest.raises(TunebookError) as wrong:
            command(book, **given)  # type: ignore[arg-type]
        assert wrong.value.code == "cli.option"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("b.json", "3"),
        ("c.json", "[]"),
        ("d.txt", "\n \n"),
        ("e.json", '{"type": "no such"}'),
        ("f.json", None),
    ],
)
def test_a_file_without_a_form_is_refused(name: str, text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(DataError) as caught:
        Form.read(tmp_path / name)
    assert caught.value.code == "review.form" and caught.value.advice


def test_a_schema_is_asked_of_the_whole_answer(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    (tmp_path / "s.json").write_text(json.dumps(schema))
    form = Form.read(tmp_path / "s.json")
    answers = ('{"n": 1}', ' {"n": 1}\n', '{"n": "1"}', "{}", "n: 1", 'Sure! {"n": 1}', '{"n": NaN}', "", "[" * 5000)
    assert [form.valid(text) for text in answers] == [True, True, *[False] * 7]
    (tmp_path / "c.json").write_text('["yes", "不是", 3]')
    choices = Form.read(tmp_path / "c.json")
    assert [choices.valid(text) for text in ("yes", " 不是\n", "3", "Yes", "")] == [True, True, True, False, False]


def test_without_the_library_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "jsonschema", None)
    (tmp_path / "s.json").write_text("{}")
    with pytest.raises(MachineError) as caught:
        Form.read(tmp_path / "s.json")
    assert caught.value.code == "machine.extra" and "review" in caught.value.advice
