"""What runs, and means of their weights, answer on the validation rows, and what that is worth: models are loaded only
for what is not kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.answers import answered
from tunebook.core.errors import ModelError
from tunebook.core.files import content_id, file_id
from tunebook.core.nouns import DataRef, Interval, Plan
from tunebook.core.progress import Progress
from tunebook.core.registry import task_of
from tunebook.core.task import Rows, Task, searching
from tunebook.core.writes import Writes
from tunebook.engine.partial_model import is_partial
from tunebook.verbs.abtest.scored import Exam, split_exam
from tunebook.verbs.steps.answers import answers, model_key
from tunebook.verbs.steps.runs import Run

if TYPE_CHECKING:
    from tunebook.core.encoded import Encoded
    from tunebook.engine.load import LoadedModel
    from tunebook.nets.averages import Mix

Logits = NDArray[np.float32]
_RESAMPLES = 500
_HELD = 1 << 30  # bytes of models that wait in memory between their own answers and the first mean with them


@dataclass(frozen=True)
class Evaluator:
    """Scores of models on the same labelled rows.

    Attributes:
        plan: of a run of the book; it says what the head's outputs are.
        exam: the rows.
        metric: the score; more is better.
        data: the book's, beside which its cache is.
    """

    plan: Plan
    task: Task
    exam: Exam
    metric: str
    data: DataRef

    @property
    def rows(self) -> Rows:
        """The rows."""
        return self.exam.rows

    @property
    def targets(self) -> NDArray[Any]:
        """What they are labelled with."""
        return self.exam.targets

    def tokens(self, tokenizer: Any, plan: Plan, progress: Progress | None = None) -> Encoded:
        """The rows as a model reads them, cut where its own plan says."""
        from tunebook.engine.tokens import encode

        length, cache = plan.params.max_length, self.data.path.parent / "cache"
        rows = self.task.seen(self.rows, plan.params)
        return encode(rows, self.task, tokenizer, length, cache=cache, progress=progress)

    def logits(self, loaded: LoadedModel) -> Logits:
        """Outputs of a model's head, shape (N, outputs)."""
        return loaded.logits(self.rows, cache=self.data.path.parent / "cache", texts=self.exam.texts)

    def score(self, logits: Logits) -> float:
        """What outputs are worth."""
        return self.task.scores(logits, self.targets, self.plan.labels)[self.metric]

    def ensemble(self, answers: list[Logits]) -> float:
        """What the mean probability of several models is worth; of numbers their mean."""
        return self.score(self.task.mean(answers, self.plan.labels))

    def gain(self, before: Logits, after: Logits) -> Interval:
        """How much better one model is than another on these rows, resampled by row or by whole group."""
        from tunebook.stats.bootstrap import Units, bootstrap_interval

        labels, sides, units = self.plan.labels, (before, after), Units.of(len(self.targets), self.exam.groups)
        rows = [self.task.row_scores(side, self.targets, labels, self.metric) for side in sides]
        if rows[0] is not None and rows[1] is not None:
            apart = np.asarray(rows[1], dtype=np.float64) - rows[0]
            return bootstrap_interval(apart, units, method="percentile")
        old, new = (self.task.scorer(side, self.targets, labels, self.metric) for side in sides)
        return bootstrap_interval(
            lambda drawn: new(drawn) - old(drawn), units, resamples=_RESAMPLES, method="percentile"
        )


def validation_evaluator(data: DataRef, plan: Plan, metric: str) -> Evaluator:
    """The validation rows of a book.

    Args:
        plan: of a finished run of it.
        metric: what is scored; `auto` takes what the task is judged by.
    """
    from tunebook.engine.continual import numbered

    task = task_of(plan.task)()
    judged = task.headline(plan.labels) if metric == "auto" else metric
    return Evaluator(plan, task, split_exam(numbered(data, plan.labels), "validation", judged), judged, data)


@dataclass
class WeightAverager:
    """Answers of runs and of means of them, kept in the cache of the book by the hashes of the models.

    The mean of some runs is grown from the mean of the first of them, where that was asked for just before.

    Attributes:
        evaluator: the rows.
        progress: watches the passes over them.
    """

    evaluator: Evaluator
    progress: Progress
    _id: Callable[[Run], str] = field(default_factory=lambda: cache(model_key))
    _tokens: dict[Any, tuple[Encoded, int]] = field(default_factory=dict)
    _models: dict[str, Any] = field(default_factory=dict)
    _held: int = 0
    _mixes: dict[tuple[str, ...], Mix] = field(default_factory=dict)
    _shell: tuple[str, Any] | None = None

    def answers(self, runs: Sequence[Run]) -> Logits:
        """Outputs of the mean of the weights of some runs, added up in this order, with the tokens of the first; of a
        single run its own. Shape (N, outputs).

        Raises:
            ModelError: as `mix`; a base model is no longer what it was.
        """
        exam, ask = self.evaluator.exam, partial(self._asked, runs)
        if len(runs) == 1 and not is_partial(runs[0].model):
            return answers(runs[0], exam.rows, exam.place, ask=ask, texts=exam.texts)
        key = content_id([exam.key, [self._id(run) for run in runs], *([] if exam.texts else ["read"])], 24)
        return answered(runs[0].book / "cache" / f"answers-{key}.npz", exam.rows, ask)

    def mix(self, runs: Sequence[Run]) -> Mix:
        """The sum of the weights of some runs, added up in this order.

        Raises:
            ModelError: `soup.shape`.
        """
        from tunebook.nets.averages import Mix

        names = tuple(run.id for run in runs)
        begun = max((known for known in self._mixes if names[: len(known)] == known), key=len, default=())
        mix = self._mixes[begun] if begun else Mix.of(self._taken(runs[0]))
        before = {begun: mix} if begun else {}
        for run in runs[max(len(begun), 1) :]:
            before, mix = {names[: mix.count]: mix}, _more(mix, run, self._taken(run))
        self._mixes = {**before, names: mix}
        return mix

    def _asked(self, runs: Sequence[Run]) -> Logits:
        """A pass over the rows."""
        from tunebook.engine.infer import Inference

        first = runs[0]
        if len(runs) == 1:
            model = self._loaded(first)
        else:
            mix = self.mix(runs)
            if self._shell is None or self._shell[0] != first.id:
                self._shell = first.id, net(first)
            model = self._shell[1]
            mix.into(model)
        task, exam = self.evaluator.task, self.evaluator.exam
        if searching(task, self.evaluator.plan.labels) or isinstance(task, Writes):
            from tunebook.engine.load import load_model

            loaded = replace(load_model(first.model, first.plan), model=model)
            return loaded.logits(exam.rows, self.progress, texts=exam.texts)
        encoded, pad = self._read(first)
        return Inference(self.evaluator.task, pad).run(model, encoded, progress=self.progress).logits

    def _loaded(self, run: Run) -> Any:
        """A run's model, which waits here for `mix` where there is room."""
        model = net(run)
        size = sum(item.nbytes for item in model.state_dict().values())
        if self._held + size <= _HELD:
            self._held += size
            self._models[run.id] = model
        return model

    def _taken(self, run: Run) -> Any:
        found = self._models.pop(run.id, None)
        if found is None:
            return net(run)
        self._held -= sum(item.nbytes for item in found.state_dict().values())
        return found

    def _read(self, run: Run) -> tuple[Encoded, int]:
        """The rows in a run's tokens, and the token that fills up; runs with the same files read the same."""
        from tunebook.models.source import load_reader

        files = [path for path in sorted(run.model.iterdir()) if path.is_file() and path.suffix != ".safetensors"]
        rules = [run.plan.params.max_length, *((path.name, file_id(path)) for path in files)]
        key = content_id(rules)
        if key not in self._tokens:
            tokenizer = load_reader(run.model)
            self._tokens[key] = self.evaluator.tokens(tokenizer, run.plan, self.progress), tokenizer.pad_token_id
        return self._tokens[key]


def net(run: Run) -> Any:
    """A run's model as a plain one, whose weights are all there is of it; without transformers where that answers the
    same."""
    from tunebook.engine.load import load_net, plain_net
    from tunebook.engine.merging import added_up

    plain = plain_net(run.model, run.plan)
    return added_up(load_net(run.model, run.plan)) if plain is None else plain


def _more(mix: Mix, run: Run, model: Any) -> Mix:
    if strange := mix.other(model):
        raise ModelError("soup.shape", key=run.id, value=strange)
    return mix.plus(model)


__all__ = ["Evaluator", "Logits", "WeightAverager", "net", "validation_evaluator"]
