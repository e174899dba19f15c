"""Texts of many requests are read together, in an order that is fair, and each gets what it would get alone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import wait

import pytest

from tests.serve.models import Words
from tunebook.core.errors import MachineError
from tunebook.serve.batcher import Batcher, Batching, Counter
from tunebook.serve.waiting import Job, Waiting


def words(model):
    return lambda job: model.answers(job.tokens, job.outputs)


@pytest.fixture
def model():
    return Words()


def made(model, **how):
    return Batcher(model, Batching(**how))


def job(*texts):
    found = Job(list(texts), None, None, False, time.perf_counter())
    found.tokens = Words().read(texts)
    found.left = len(texts)
    return found


def test_answers_are_those_of_a_text_alone(model):
    texts = [" ".join(["word"] * count) for count in (1, 2, 3, 4, 5, 20, 40, 90) for _ in range(8)]
    batcher = made(model, wait_ms=5)
    futures = [batcher.submit([text], wording=words(model)) for text in texts]
    alone = [model.answers(rows := model.read([text]), Words().outputs(rows)) for text in texts]
    assert [future.result(5).answers for future in futures] == alone
    batcher.close()
    assert len(model.passes) < len(texts)
    lengths = [{len(text.split()) + 2 for text in taken} for taken in model.passes]
    assert all(max(some) <= max(16, 2 * min(some)) for some in lengths)  # only texts of like length stand together


def test_those_who_come_together_are_read_together(model):
    batcher = made(model, wait_ms=200)
    futures = [batcher.submit([f"text {number}"]) for number in range(6)]
    wait(futures, 5)
    batcher.close()
    assert [len(taken) for taken in model.passes] == [6]


def test_a_pass_has_no_more_rows_and_tokens_than_it_may(model):
    batcher = made(model, wait_ms=100, most_rows=4, most_tokens=64)
    wait([batcher.submit(["a b c"] * 9), batcher.submit([" ".join(["w"] * 60)] * 2)], 5)
    batcher.close()
    assert all(len(taken) <= 4 for taken in model.passes)
    assert [len(taken) for taken in model.passes if "w" in taken[0]] == [1, 1]


def test_a_full_pass_does_not_wait(model):
    batcher = made(model, wait_ms=60_000, most_rows=3)
    assert batcher.submit(["a", "b", "c"]).result(5).outputs
    batcher.close()


def test_a_large_request_does_not_keep_a_single_one_waiting(model):
    order = Waiting(most_tokens=64, most_rows=4)
    large = job(*[f"large {number}" for number in range(64)])
    order.add(large)
    order.take()
    order.add(single := job("single"))
    assert single in {text.job for text in order.take()}


def test_single_ones_do_not_starve_a_large_request():
    order = Waiting(most_tokens=64, most_rows=4)
    order.add(large := job(*[f"large {number}" for number in range(8)]))
    passes = 0
    seen = set()
    while len(seen) < 8:
        for _ in range(4):
            order.add(job("single"))
        seen |= {text.number for text in order.take() if text.job is large}
        passes += 1
        assert passes < 40


def test_a_long_text_is_not_passed_by_for_good():
    order = Waiting(most_tokens=64, most_rows=4)
    order.add(job("short"))
    order.add(long := job(" ".join(["w"] * 50)))
    found = []
    while not found:
        order.add(job("short"))
        found = [text for text in order.take() if text.job is long]
    assert found


def test_who_has_gone_is_passed_over(model):
    batcher = made(model)
    model.hold.clear()
    first = batcher.submit(["first"])
    while not batcher._loud._size and not model.passes and batcher._reading:
        time.sleep(0.001)
    time.sleep(0.05)
    gone = batcher.submit(["gone"])
    stays = batcher.submit(["stays"])
    time.sleep(0.05)
    assert gone.cancel()
    model.hold.set()
    wait([first, stays], 5)
    batcher.close()
    assert [text for taken in model.passes for text in taken] == ["first", "stays"]
    assert batcher.waiting == 0


def test_who_comes_when_too_many_wait_is_told_when_to_come_again(model):
    batcher = made(model, most_waiting=4)
    model.hold.clear()
    futures = [batcher.submit(["a"] * 3)]
    with pytest.raises(MachineError) as found:
        batcher.submit(["b", "c"])
    assert found.value.code == "serve.busy" and found.value.fields["seconds"] >= 1
    futures.append(batcher.submit(["b"]))
    model.hold.set()
    wait(futures, 5)
    assert batcher.submit(["b", "c", "d", "e", "f"]).result(5)  # one that is too large alone goes where nobody waits
    batcher.close()


def test_one_at_fault_fails_alone(model):
    batcher = made(model, wait_ms=100)
    futures = [batcher.submit([text], wording=words(model)) for text in ("one", "poison", "two", "unreadable", "three")]
    wait(futures, 5)
    batcher.close()
    assert [type(future.exception()).__name__ for future in futures] == [
        "NoneType", "RuntimeError", "NoneType", "ValueError", "NoneType",
    ]  # fmt: skip


def test_a_wording_that_fails_is_told(model):
    batcher = made(model)
    with pytest.raises(ZeroDivisionError):
        batcher.submit(["a"], wording=lambda job: 1 / 0).result(5)
    batcher.close()


def test_comparisons_wait_until_no_user_does(model):
    users = Counter()
    batcher = Batcher(model, Batching(), users)
    users.add(1)
    quiet = batcher.submit(["quiet"], quiet=True)
    assert batcher.submit(["loud"]).result(5)
    time.sleep(0.1)
    assert not quiet.done()
    users.add(-1)
    assert quiet.result(5)
    assert users.value == 0
    batcher.close()
    assert model.passes == [["loud"], ["quiet"]]


def test_too_many_comparisons_are_given_up(model):
    batcher = made(model, most_waiting=2)
    model.hold.clear()
    first = batcher.submit(["a"] * 2, quiet=True)
    with pytest.raises(MachineError):
        batcher.submit(["b"], quiet=True)
    model.hold.set()
    assert first.result(5)
    batcher.close()


def test_whoever_waits_is_answered_before_the_end(model):
    model.slow = 0.01
    batcher = made(model, wait_ms=10_000, most_rows=2)
    futures = [batcher.submit([f"text {number}"], wording=words(model)) for number in range(9)]
    batcher.close()
    assert all(future.done() and future.result().answers for future in futures)
    with pytest.raises(MachineError) as found:
        batcher.submit(["late"])
    assert found.value.code == "serve.stopping"


def test_lanes_work_side_by_side():
    together = threading.Barrier(2, timeout=5)
    model = Words(meet=together)
    batcher = made(model, lanes=2, most_rows=1)
    answered = [batcher.submit([f"text {number}"]) for number in range(4)]
    assert len([future.result(10) for future in answered]) == 4 and not together.broken
    batcher.close()


def test_passes_are_told(model):
    seen = []
    batcher = Batcher(model, Batching(wait_ms=50), seen=lambda rows, tokens: seen.append((rows, tokens)))
    wait([batcher.submit(["a b"]), batcher.submit(["a b c"])], 5)
    batcher.close()
    assert seen == [(2, 10)]


def test_many_threads_lose_nothing(model):
    batcher = made(model, lanes=2, most_waiting=10_000)
    lost = []

    def ask(number):
        for place in range(30):
            texts = [f"{'w ' * (place + 1)}{number}"] * (1 + place % 3)
            done = batcher.submit(texts, wording=words(model)).result(10)
            if [len(row) - 2 for row in done.tokens] != [place + 2] * len(texts) or len(done.answers) != len(texts):
                lost.append((number, place))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batcher.close()
    assert lost == []
