"""A model in memory that needs nothing: it counts words, and its answers are known."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future

import numpy as np

from tunebook.bundle.answering import Tokens
from tunebook.core.errors import DataError
from tunebook.requests.trouble import Trouble


class Words:
    """Says `long` of texts with more than three words, `short` of others; scores are a function of the text alone."""

    task, problem, names = "text_classification", "single_label", ("short", "long")

    def __init__(self, id="run-a", *, slow=0.0, per_row=0.0, gives=("predict",), pairs=False, meet=None):
        self.id, self.hash, self.gives = id, f"hash-of-{id}", frozenset(gives)
        self.slow, self.per_row, self.pairs, self.meet = slow, per_row, pairs, meet
        self.passes: list[list[str]] = []
        self.closed, self.sides = False, set()
        self.hold = threading.Event()
        self.hold.set()

    def read(self, texts, pairs=None, side=""):
        self.sides.add(side)
        if self.pairs and pairs is None:
            raise DataError("predict.how", key="pairs", value=None, allowed="pairs")
        if any("unreadable" in text for text in texts):
            raise ValueError("secret words of a user")
        seconds = pairs or [None] * len(texts)
        return [
            Tokens(text, pair, np.arange(len(text.split()) + len((pair or "").split()) + 2), unknown=text.count("?"))
            for text, pair in zip(texts, seconds, strict=True)
        ]

    def outputs(self, rows):
        assert not self.closed
        self.hold.wait(10)
        if self.meet is not None:
            self.meet.wait()
        time.sleep(self.slow + self.per_row * len(rows))
        if any("poison" in row.text for row in rows):
            raise RuntimeError("secret words of a user")
        self.passes.append([row.text for row in rows])
        return [np.array([3.0, len(row) - 2], dtype=np.float32) for row in rows]

    def answers(self, rows, outputs, top_k=None):
        found = []
        for output in outputs:
            parts = np.exp(output - output.max())
            parts = parts / parts.sum()
            scores = dict(sorted(zip(self.names, map(float, parts), strict=True), key=lambda item: -item[1])[:top_k])
            label = max(scores, key=lambda name: scores[name])
            found.append({"label": label, "score": scores[label], "scores": scores})
        return found

    def close(self):
        self.closed = True


class Memory:
    """A request log in memory."""

    def __init__(self):
        self.rows, self.told, self.state, self.error, self.closed = [], [], Trouble(), None, False

    def put(self, rows):
        future: Future[int] = Future()
        if self.error:
            future.set_exception(self.error)
        else:
            self.rows += rows
            future.set_result(0)
        return future

    def tell(self, rows):
        known = {(row.request, row.number) for row in self.rows}
        self.told += rows
        future: Future[int] = Future()
        future.set_result(sum((row.request, row.number) not in known for row in rows))
        return future

    def close(self):
        self.closed = True
