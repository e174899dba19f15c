"""From a request to its answer: which version, the model's words, the record that is kept before they leave."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tunebook.bundle.runtime import is_blank, noted
from tunebook.core.errors import DataError, MachineError, TunebookError
from tunebook.core.kind import kind_of
from tunebook.core.operation import Serving
from tunebook.requests.record import Answered, Feedback
from tunebook.requests.sample import sampled
from tunebook.requests.trouble import Trouble
from tunebook.rollout.choice import Choice, Router
from tunebook.serve.figures import Figures
from tunebook.serve.fleet import Fleet, Loaded
from tunebook.serve.problems import as_error, status_of
from tunebook.serve.records import Asked, Outcome, records
from tunebook.serve.waiting import Job

_LOG = logging.getLogger("tunebook.serve")
_SOON = 0.05  # seconds; whoever is answered by then is not asked whether he is still there
_COMPARING = 256  # comparisons that may wait


class Journal(Protocol):
    """Who writes the request log, see `tunebook.requests.writer.Writer`."""

    def put(self, rows: Sequence[Answered]) -> Future[int]:
        """Take records; done once they are durable."""

    def tell(self, rows: Sequence[Feedback]) -> Future[int]:
        """Take what came back; gives how many belong to no known answer, -1 where that cannot be told now."""

    @property
    def state(self) -> Trouble:
        """How the log does."""


class GoneError(Exception):
    """Whoever asked has gone: there is nobody to tell anything."""


@dataclass(frozen=True)
class Reply:
    """What goes to the user.

    Attributes:
        after: what is done once it has gone; None for nothing.
    """

    body: dict[str, Any]
    version: str
    bundle: str
    after: Callable[[], Awaitable[None]] | None = None


class Desk:
    """Answers requests.

    Attributes:
        router: says which version; it is put in its place by whoever looks after the versions.
    """

    def __init__(self, fleet: Fleet, serving: Serving, journal: Journal | None, figures: Figures) -> None:
        self.fleet, self.serving, self.journal, self.figures = fleet, serving, journal, figures
        self.router: Router | None = None
        self._later: set[asyncio.Task[None]] = set()

    async def answer(self, asked: Asked, gone: Callable[[], Awaitable[None]]) -> Reply:
        """The answer of the version that is drawn for this request.

        Args:
            gone: returns when the client has gone.

        Raises:
            MachineError: `serve.no_version`, `serve.busy`, `serve.late`, `serve.unlogged`. DataError: `serve.gives`,
                and what the model refuses. Anything that the model raises.
        """
        if self.router is None:
            raise MachineError("serve.no_version", key="version", value="–", seconds=1)
        choice = self.router.choose(asked.key)
        with self.fleet.use(choice.version) as loaded:
            outcome, rows = await self._outcome(loaded, asked, choice, gone)
        logged = await self._kept(rows)
        if outcome.cause is not None:
            raise as_error(outcome.cause) from None
        self.figures.texts(asked.path, choice.version, choice.role, len(asked.texts), outcome.waited)
        said = _body(asked, outcome.answers)
        body = {
            "request_id": asked.id,
            "version": outcome.model.id,
            "bundle": outcome.model.hash,
            "logged": logged,
            **said,
        }
        shadow = choice.shadow

        async def after() -> None:
            if shadow is not None:
                self._spawn(self._compare(asked, choice, shadow))

        return Reply(body, outcome.model.id, outcome.model.hash, after if shadow is not None else None)

    async def tell(self, rows: Sequence[Feedback]) -> int:
        """Keep what came back; gives how many of them belong to no known answer, -1 where that cannot be told now.

        Raises:
            MachineError: `serve.no_log`; what the log raises.
        """
        if self.journal is None:
            raise MachineError("serve.no_log", key="feedback")
        self._check_labels(rows)
        return await asyncio.wrap_future(self.journal.tell(rows))

    async def close(self) -> None:
        """Wait for the comparisons that were begun."""
        while self._later:
            await asyncio.wait(self._later, timeout=10)
            for task in self._later:
                task.cancel()

    async def _outcome(
        self, loaded: Loaded, asked: Asked, choice: Choice, gone: Callable[[], Awaitable[None]] | None
    ) -> tuple[Outcome, list[Answered]]:
        """What a version says, and the records of it. Without `gone` nobody waits for it."""
        model, rows = loaded.model, list[Answered]()
        keep = self.journal is not None and sampled(asked.id, self.serving.sample)
        role = "shadow" if gone is None else choice.role
        if asked.path == "rerank" and not asked.texts[0].strip():
            raise DataError("rerank.query", key="query", value="")
        if asked.path not in model.gives:
            raise DataError("serve.gives", key=asked.path, value=model.task, allowed=" | ".join(sorted(model.gives)))

        def wording(job: Job) -> list[dict[str, Any]]:
            answers = _words(asked, loaded, job)
            begun = job.come if gone is None else asked.come  # of a comparison, what it would have taken
            done = Outcome(model, role, choice, time.perf_counter() - begun, job.began - begun, job.tokens, answers)
            outcomes.append(done)
            if keep:
                rows.extend(records(asked, done, self.serving))
            return answers

        outcomes: list[Outcome] = []
        try:
            how: Any = {"wording": wording, "quiet": gone is None, "side": asked.side}
            future = loaded.batcher.submit(asked.texts, asked.pairs, **how)
            await self._waited(asyncio.wrap_future(future), gone)
        except (DataError, GoneError):
            raise
        except Exception as error:
            problem = as_error(error)
            if problem is not error:
                tell_place(error)
            if problem.code in ("serve.busy", "serve.stopping"):
                raise
            seconds = time.perf_counter() - asked.come
            status = status_of(problem)
            failed = Outcome(model, role, choice, seconds, seconds, status=status, error=problem.code, cause=error)
            return failed, records(asked, failed, self.serving) if keep else []
        return outcomes[0], rows

    async def _waited(self, future: asyncio.Future[Any], gone: Callable[[], Awaitable[None]] | None) -> None:
        """Wait for an answer; one that is late, or whose client has gone, is given up."""
        if gone is None:
            await future
            return
        most = self.serving.most_seconds
        await asyncio.wait({future}, timeout=min(_SOON, most))
        if not future.done():
            watch = asyncio.ensure_future(gone())
            try:
                await asyncio.wait({future, watch}, timeout=most - _SOON, return_when=asyncio.FIRST_COMPLETED)
            finally:
                left = watch.done()
                watch.cancel()
            if not future.done():
                future.cancel()
                if left:
                    raise GoneError
                raise MachineError("serve.late", key="seconds", value=most, seconds=1)
        future.result()

    async def _kept(self, rows: list[Answered]) -> bool:
        """Whether the records are durable.

        Raises:
            MachineError: `serve.unlogged`, where the book wants no answers without records.
        """
        if self.journal is None or not rows:
            return False
        try:
            await asyncio.wrap_future(self.journal.put(rows))
            return True
        except TunebookError as error:
            self.figures.refused(error.code)
            if self.serving.unlogged == "refuse":
                raise MachineError("serve.unlogged", key="log", reason=error.message, seconds=5) from error
            return False

    async def _compare(self, asked: Asked, choice: Choice, shadow: str) -> None:
        """Ask the version beside the one that answered; its words are kept and nobody gets them."""
        try:
            with self.fleet.use(shadow) as loaded:
                outcome, rows = await self._outcome(loaded, asked, choice, None)
            await self._kept(rows)
            self.figures.compared("made" if outcome.status == 200 else "failed")
        except (TunebookError, asyncio.CancelledError):
            self.figures.compared("dropped")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._later) >= _COMPARING:
            work.close()
            self.figures.compared("dropped")
            return
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def _check_labels(self, rows: Sequence[Feedback]) -> None:
        """A true answer is one of the classes, where the model answers one of them.

        Raises:
            DataError: `serve.label`.
        """
        models = [item.model for item in self.fleet.loaded.values()]
        if any(kind_of(model.problem).classes not in ("one", "ordered") for model in models):
            return
        names = {name for model in models for name in model.names}
        for row in rows:
            if row.name == "label" and names and row.value not in names:
                raise DataError("serve.label", key="value", value=row.value, allowed=" | ".join(sorted(names)))


def tell_place(error: Exception) -> None:
    """Where something went wrong that is nobody's fault but ours; not what it says, which may hold words of a user."""
    places = traceback.extract_tb(error.__traceback__)
    steps = " < ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in reversed(places))
    _LOG.error("%s at %s", type(error).__name__, steps)


def _words(asked: Asked, loaded: Loaded, job: Job) -> list[dict[str, Any]]:
    """The answers of the texts, in the words of the path."""
    if asked.path == "embed":
        pairs = zip(job.tokens, job.outputs, strict=True)
        return [{"vector": None if is_blank(row) else output.tolist()} for row, output in pairs]
    answers = loaded.model.answers(job.tokens, job.outputs, asked.top_k if asked.path == "predict" else None)
    return [noted(answer, row) for row, answer in zip(job.tokens, answers, strict=True)]


def _body(asked: Asked, answers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The answers as they are sent."""
    if asked.path == "rerank":
        scores = {place: answer["score"] for place, answer in enumerate(answers) if answer["score"] is not None}
        best = sorted(scores, key=lambda place: -scores[place])[: asked.top_k]
        found = [{"rank": rank, "place": place, "score": scores[place]} for rank, place in enumerate(best, 1)]
        return {"passages": found}
    if asked.path == "embed":
        vectors = [answer["vector"] for answer in answers]
        return {"vector": vectors[0]} if asked.single else {"vectors": vectors}
    return {"answer": answers[0]} if asked.single else {"answers": list(answers)}


__all__ = ["Desk", "GoneError", "Journal", "Reply", "tell_place"]
