"""What an export takes of a run: its model in torch, its tokenizer, its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.bundle.calibrated import DECODING, Calibrated
from tunebook.bundle.reading import Feeds
from tunebook.core.errors import ModelError, PlanError

if TYPE_CHECKING:
    from tunebook.core.answers import Rows
    from tunebook.core.nouns import DataRef, Plan
    from tunebook.core.task import Task

LONGEST, THRESHOLD = "max_answer_tokens", "null_threshold"  # in the config of a model that answers questions
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def _logits(outputs: Any) -> Any:
    return outputs.logits


def _ends(outputs: Any) -> Any:
    """Logits of start and end, (lines, tokens, 2)."""
    import torch

    return torch.stack([outputs.start_logits, outputs.end_logits], dim=-1)


# Task -> from a model's outputs to the tensor that is exported.
HEADS: dict[str, Callable[[Any], Any]] = {
    "text_classification": _logits,
    "tagging": _logits,
    "question_answering": _ends,
    "embedding": _logits,
    "reranking": _logits,
}


@dataclass(frozen=True)
class Source:
    """A run's model, ready to be exported.

    Attributes:
        run: its id; model: in torch, on the CPU, in fp32, what was trained beside it added up; tokenizer: its own.
        data: its rows; validation: those that prove the export.
        said: what the run answers to them, shape (N, k).
        vectors: makes those of texts as they stand, of such a model; train: the training rows.
        max_length: tokens that it reads of a text; folder: of its files.
        calibrated: how its answers are read; None where it was not calibrated.
    """

    run: str
    plan: Plan
    task: Task
    model: Any
    tokenizer: Any
    data: DataRef
    validation: Rows
    said: NDArray[np.float32]
    vectors: Callable[[Sequence[str]], NDArray[np.float32]]
    train: Callable[[], Rows]
    max_length: int
    folder: Path
    calibrated: Calibrated | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """What the model takes of a batch."""
        return tuple(name for name in INPUTS if name == "attention_mask" or name in self.tokenizer.model_input_names)

    @property
    def head(self) -> Callable[[Any], Any]:
        """From its outputs to the tensor that is exported.

        Raises:
            PlanError: `export.task`.
        """
        check_task(self.plan.task)
        return HEADS[self.plan.task]

    def ask(self, feeds: Feeds) -> NDArray[np.float32]:
        """The model's outputs in torch, for the inputs of a bundle."""
        import torch

        with torch.inference_mode():
            batch = {name: torch.from_numpy(feeds[name]) for name in self.inputs}
            found: NDArray[np.float32] = self.head(whole(self.model)(**batch)).float().numpy()
        return found

    def reading(self) -> dict[str, Any]:
        """How its texts become tokens, for bundle.json."""
        tokenizer = self.tokenizer
        return {
            "rules": list(self.data.stats["cleaning"]["rules"]),
            "max_length": self.max_length,
            "pad": tokenizer.pad_token_id,
            "unknown": tokenizer.unk_token_id,
            "inputs": list(self.inputs),
            "side": tokenizer.truncation_side,
            "pairs": self.data.roles.text_pair is not None,
            "split_special": bool(getattr(tokenizer, "split_special_tokens", False)),
            "vocabulary": len(tokenizer),
            **self._prompts(),
        }

    def _prompts(self) -> dict[str, Any]:
        """What the texts of a model of vectors are put into."""
        how = getattr(self.model, "how", None)
        return {} if how is None else {"prompts": {"query": how.query, "passage": how.passage}}

    def decoding(self) -> dict[str, Any]:
        """How its outputs become answers, for bundle.json."""
        from tunebook.core.hits import read_threshold
        from tunebook.nets.linear_chain import chain_of

        found: dict[str, Any] = {}
        if (chain := chain_of(self.model)) is not None:
            found["chain"] = {name: item.detach().tolist() for name, item in chain.state_dict().items()}
        config = self.model.config
        if self.plan.task == "question_answering":
            found.update(longest=getattr(config, LONGEST, 50), threshold=getattr(config, THRESHOLD, None))
        if (stored := read_threshold(self.folder)) is not None:
            found["matches_from"] = stored.threshold
        if self.calibrated is not None:
            found[DECODING] = self.calibrated.facts
        return found

    def tokenizer_text(self) -> str:
        """tokenizer.json.

        Raises:
            ModelError: `export.slow_tokenizer`.
        """
        backend = getattr(self.tokenizer, "backend_tokenizer", None)
        if backend is None:
            raise ModelError("export.slow_tokenizer", key=self.run, value=type(self.tokenizer).__name__)
        found = json.loads(backend.to_str())
        found.update(truncation=None, padding=None)  # as they were last used
        return json.dumps(found, ensure_ascii=False)


def whole(model: Any) -> Any:
    """A model as a function of one batch that is read at once, which a graph can hold."""
    return getattr(model, "at_once", model)


def check_task(key: str, to: str = "onnx") -> None:
    """Refuse a task whose models do not become a graph.

    Raises:
        PlanError: `export.task`.
    """
    if key not in HEADS:
        raise PlanError("export.task", key="--to", value=key, allowed=" | ".join(HEADS), to=to)


__all__ = ["HEADS", "INPUTS", "Source", "check_task", "whole"]
