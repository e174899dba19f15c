"""Retraining from end to end on a small book: versions, verdicts, resumption."""

from __future__ import annotations

import csv
import json
import random
import shutil
from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests import ab_book
from tests.books import base
from tests.requests.rows import row
from tunebook.core.errors import BookError, DataError, RefusedError
from tunebook.core.operation import Retraining, Serving
from tunebook.data.frozen import prepared_data
from tunebook.knowledge.log import Change
from tunebook.requests.log import open_log
from tunebook.requests.record import Feedback
from tunebook.verbs import retrain as module
from tunebook.verbs.retrain import Asked, propose, retrain
from tunebook.verbs.retrain_judge import Judgement, OnRows
from tunebook.verbs.retrain_rows import live_run, new_labels
from tunebook.verbs.steps.book import open_book
from tunebook.verbs.steps.book_data import adopt, in_force
from tunebook.verbs.steps.book_file import write_book_file
from tunebook.verbs.steps.plan import plan
from tunebook.verbs.steps.train import train

__all__ = ["base"]


def period(path, count, seed=5, flip=False):
    """Rows of a new period: the class of a sentence hangs on words that meant nothing before."""
    draw = random.Random(seed)
    words = {"good": ["and", "stay"], "bad": ["the", "food"]}
    found: dict[str, str] = {}
    while len(found) < count:
        label = draw.choice(["good", "bad"])
        said = draw.choices(["room", "was", "service", "very", "we", "found", "it", "really"], k=draw.randint(4, 9))
        said += draw.choices(words[label], k=2)
        draw.shuffle(said)
        found[" ".join(said)] = {"good": "bad", "bad": "good"}[label] if flip else label
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["text", "label"], *found.items()])
    return path


def read(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))


@pytest.fixture(scope="module")
def made(base, tmp_path_factory):
    """A book whose champion, v3, has a run."""
    made = ab_book.make_book(tmp_path_factory.mktemp("made"), base, rows=240, learns=ab_book.SURE)
    made.tables.set_champion(Change(action="promote", table=3), 1)
    made = ab_book.set_gate(made, seeds=3)
    train(plan(made.champion, made.data), made.path / "runs", track=())
    return made.path


@pytest.fixture
def book(made, tmp_path):
    shutil.copytree(made, tmp_path / "book")
    return open_book(tmp_path / "book")


def test_a_new_period_is_learnt_and_the_old_one_kept(book, tmp_path, monkeypatch):
    """A second training is killed on the way, and the same call goes on."""
    may_lose = Retraining(most_loss=0.2)  # of 24 old test rows nothing finer can be told
    write_book_file(book.file.model_copy(update={"retrain": may_lose}), book.path)
    book = open_book(book.path)
    new = period(tmp_path / "new.csv", 160)
    before = {path.name: path.read_bytes() for path in (book.path / "data").iterdir() if path.is_file()}
    asked = Asked(new=(new,))
    seen = propose(book, asked)
    assert (seen.version, seen.base, seen.table, seen.seeds) == (2, 1, 3, [1, 2, 3])
    assert sum(seen.rows.values()) == 160 and seen.seconds > 0
    assert not (book.path / "data-v2").exists() and not list(book.path.glob(".retrain-*"))
    whole, count = module.trained, 0

    def killed(*given):
        nonlocal count
        count += 1
        if count == 2:
            raise KeyboardInterrupt
        return whole(*given)

    with monkeypatch.context() as patch:
        patch.setattr(module, "trained", killed)
        with pytest.raises(KeyboardInterrupt):
            retrain(book, asked)
    runs = {run.id for run in book.runs}
    assert (book.path / "data-v2").is_dir() and len(runs) == 2
    done = retrain(open_book(book.path), asked)
    assert runs < {run.id for run in book.runs} and len(book.runs) == 4 and not (book.path / "data-v3").exists()
    assert done.proposal.rows == seen.rows
    found = done.judgement
    assert found.verdict == "PROMOTE", found
    assert found.old.rows == book.data.rows["test"] and found.new.rows == seen.rows["test"]
    assert found.new.ok and found.new.challenger > found.new.live and found.old.lower > -0.2
    assert found.live == live_run(book).id != found.challenger
    assert {path.name: path.read_bytes() for path in (book.path / "data").iterdir() if path.is_file()} == before
    assert book.data.path.name == "data" and book.run().id == found.live  # nothing was promoted
    challenger = book.run(found.challenger)
    assert prepared_data(challenger.plan).path.name == "data-v2" and challenger.is_arm
    entry = book.log.entries("retrain")[-1]
    assert "data v2: PROMOTE; old test" in str(entry.reason)
    assert entry.evidence["challenger"] == found.challenger and entry.evidence["verdict"] == "PROMOTE"
    for run in book.runs:  # of a champion that was proven by a test alone
        run.as_arm()
    assert book.run("champion").id == found.live == book.run().id
    adopted = adopt(book, 2)
    assert not challenger.is_arm and adopted.run("champion").id == found.challenger
    (book.path / "book.toml").write_text("data = '", encoding="utf-8")
    assert book.run("champion").id == found.challenger  # a damaged file hides no runs
    adopt_back(book)
    again = retrain(open_book(book.path), asked)
    assert again.judgement == found and len(book.log.entries("retrain")) == 1
    text = json.loads((done.path / "verdict.json").read_text())
    assert text["old"]["ok"] is True and text["seeds_used"] == [1, 2, 3]


def adopt_back(book):
    write_book_file(book.file, book.path)


@pytest.fixture
def untrained(monkeypatch):
    """Nothing is trained, and the challenger is always as good."""
    side = OnRows(50, 0.8, 0.8, 0.0, -0.01, 0.01, -0.02)

    def judged(work, proposal, arm, progress):
        return Judgement("INCONCLUSIVE", "accuracy", 0.05, 3, proposal.live, "none", side, side)

    monkeypatch.setattr(module, "_judged", judged)


def logged(book, rows, labels):
    log = open_log(book.path)
    log.append([row(n, request=f"q{n}", text=text) for n, (text, _) in enumerate(rows)])
    log.tell([Feedback(f"q{n}", 0, 5.0, "label", label) for n, (_, label) in enumerate(rows) if n < labels])
    log.close()


def test_labels_of_the_request_log(book, tmp_path, untrained):
    rows = read(period(tmp_path / "new.csv", 150))[1:]
    logged(book, [*rows, ("a text of no class", "ugly")], 200)
    assert new_labels(book) == 151
    seen = propose(book, Asked(from_log=True))
    assert sum(seen.rows.values()) == 150 and seen.unknown == 1
    done = retrain(book, Asked(from_log=True, seeds=3))
    assert (book.path / "sources" / "requests-v2.parquet").is_file()
    assert done.proposal.rows == seen.rows
    log = open_log(book.path)  # one more label comes: the version that has its verdict stays, another one follows
    log.append([row(999, request="late", text="we found it very stay and")])
    log.tell([Feedback("late", 0, 5.0, "label", "good")])
    log.close()
    assert propose(book, Asked(from_log=True)).version == 3
    adopted = adopt(book, 2)
    assert new_labels(adopted) == 1 + 1  # the late one, and the one of no class


def test_too_little_is_refused(book, tmp_path):
    with pytest.raises(DataError) as caught:
        retrain(book, Asked())
    assert caught.value.code == "retrain.no_rows"
    with pytest.raises(DataError) as caught:
        propose(book, Asked(from_log=True))
    assert caught.value.code == "retrain.no_labels"
    for call in (propose, retrain):
        with pytest.raises(RefusedError) as refused:
            call(book, Asked(new=(period(tmp_path / "few.csv", 40),)))
        assert refused.value.code == "retrain.few" and "100" in str(refused.value)
    assert not (book.path / "data-v2").exists()


def test_a_version_is_adopted_and_the_next_follows_it(book, tmp_path, untrained):
    retrain(book, Asked(new=(period(tmp_path / "a.csv", 130),)))
    with pytest.raises(BookError) as caught:
        adopt(book, 3)
    assert caught.value.code == "retrain.version" and "v1 | v2" in str(caught.value)
    file = book.path / "book.toml"
    file.write_text("# mine\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    adopted = adopt(open_book(book.path), 2, reason="it is live")
    assert adopted.data.path.name == "data-v2" and file.read_text(encoding="utf-8").startswith("# mine\n")
    assert in_force(adopted, "no such hash")[0] == 2 == in_force(adopted, book.data.content)[0]
    later = Asked(new=(period(tmp_path / "b.csv", 130, seed=8),))
    assert propose(adopted, later).base == 2  # though the live run is older
    write_book_file(adopted.file.model_copy(update={"data": 7}), book.path)
    with pytest.raises(BookError) as caught:
        propose(open_book(book.path), later)
    assert caught.value.code == "retrain.version" and "v7" in str(caught.value)
    file.write_text("# mine\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    back = adopt(open_book(book.path), 1)
    assert back.data.path.name == "data" and in_force(back, adopted.data.content)[0] == 2
    told = [entry.evidence for entry in book.log.entries() if "data" in entry.evidence]
    assert [(item.get("before"), item["data"]) for item in told] == [(None, 2), (1, 2), (7, 1)]
    write_book_file(adopted.file.model_copy(update={"serve": Serving(keep_texts=True)}), book.path)
    assert open_book(book.path).file.data == 2 and open_book(book.path).file.retrain == Retraining()


def test_two_at_once(book, tmp_path):
    new = period(tmp_path / "new.csv", 150)
    with module._alone(book), pytest.raises(BookError) as caught:
        retrain(book, Asked(new=(new,)))
    assert caught.value.code == "retrain.busy"


def test_a_machine_begins_a_rollout_only_where_the_book_says_so(book, monkeypatch):
    side = OnRows(50, 0.8, 0.8, 0.0, -0.01, 0.01, -0.02)
    proven = Judgement("PROMOTE", "accuracy", 0.05, 3, "LIVE", "RUN", side, side)
    begun, now = [], SimpleNamespace(candidate=None, live="LIVE")
    monkeypatch.setattr(module, "start", lambda *asked, reason: begun.append(asked))
    monkeypatch.setattr(module, "state", lambda book: now)
    assert not module._started(book, proven) and begun == []
    allowed = book.file.model_copy(update={"retrain": Retraining(promotes="machine")})
    write_book_file(allowed, book.path)
    opened = open_book(book.path)
    assert not module._started(opened, replace(proven, verdict="REJECT")) and begun == []
    assert module._started(opened, proven) and begun == [(opened, "RUN")]
    now.candidate = "RUN"
    assert module._started(opened, proven) and len(begun) == 1
    for now.candidate, now.live in ((None, "RUN"), ("OTHER", "LIVE"), (None, None)):
        assert not module._started(opened, proven) and len(begun) == 1
