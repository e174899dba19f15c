"""What is known of a base model by its files and its tokenizer, without loading weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunebook.core.files import content_id
from tunebook.core.installed import version_of
from tunebook.core.nouns import DataRef, Labels
from tunebook.core.registry import task_of
from tunebook.core.settings import Filled
from tunebook.core.task import Plain, Task
from tunebook.models.architecture import Architecture
from tunebook.models.heads import lacks_pooler
from tunebook.models.sentences import made_for_means
from tunebook.models.source import load_reader, positions, read_config
from tunebook.models.suited import refuse_unsuited
from tunebook.tables.case import ModelFacts
from tunebook.verbs.steps.book import kept, kept_model_id
from tunebook.verbs.steps.sizes import sizes_of, sizes_of_kind

_READERS = ("tunebook", "transformers", "tokenizers")  # what decides how a text is read, beside the model


def suited(task: str, folder: Path, name: str) -> None:
    """Refuse a base model that cannot do what a task asks, before it reads a row; `name` as the user gave it.
    Raises as `refuse_unsuited`."""
    kind = task_of(task)
    refuse_unsuited(folder, name, kind.auto_model, task=task, polyglot=kind.polyglot)


def model_facts(name: str, folder: Path, task: Task, labels: Labels, positions: int) -> ModelFacts:
    """Width, depth, parameters and reach of a base model with a head for these labels.

    Args:
        name: as it stands in the row base_model; `folder` is where its files are.
        positions: tokens that it can take.

    Raises:
        ModelError: transformers has no head for this architecture, or its files cannot be read.
    """
    kind = plain_kind(task, folder, labels)
    sizes = sizes_of(task.skeleton(folder, labels, Filled.defaults())) if kind is None else sizes_of_kind(kind)
    return ModelFacts(
        name=name,
        hidden=sizes.hidden,
        layers=sizes.layers,
        parameters=sizes.parameters,
        max_positions=positions,
        unpooled=kind is not None and kind.kind == "bert" and lacks_pooler(folder),
        speaks_mean=kind is not None and made_for_means(folder),
    )


def plain_kind(task: Task, folder: Path, labels: Labels) -> Architecture | None:
    """What a base model with a head for these labels is made of; None where transformers has to make it to know."""
    return task.kind(folder, labels) if isinstance(task, Plain) else None


def read_tokens(data: DataRef, folder: Path, *, allow_unknown: bool = False, tokenizer: Any = None) -> dict[str, Any]:
    """How the model's tokenizer reads the training texts: `token_report` of lengths and unknown tokens, and as
    `positions` the tokens that the model can take. Kept in the book's cache.

    Args:
        tokenizer: the model's, where the caller has loaded it.

    Raises:
        DataError: the tokenizer cannot read too large a share of them.
    """
    from tunebook.data.tokens import SAMPLE, check_tokens

    key = content_id(
        [
            data.content,
            kept_model_id(folder, data.path.parent),
            SAMPLE,
            "words",
            [version_of(name) for name in _READERS],
            *([data.task] if "passages" in data.stats else []),  # which says what is read together
        ]
    )
    report: dict[str, Any] = kept(data.path.parent, f"tokens-{key}", lambda: _read(data, folder, tokenizer))
    check_tokens(report, allow_unknown=allow_unknown, instead=task_of(data.task).polyglot)
    return report


def _read(data: DataRef, folder: Path, tokenizer: Any) -> dict[str, Any]:
    from tunebook.data.load import load
    from tunebook.data.tokens import token_report

    rows = load(data, "train")
    tokenizer = tokenizer or load_reader(folder)
    read = task_of(data.task)().counted(rows, tokenizer)
    report = token_report(read.texts, read.pairs, tokenizer)
    report |= {"per_row": len(read) / len(rows)} if read is not rows else {}
    return {**report, "positions": positions(read_config(folder), tokenizer)}


__all__ = ["model_facts", "plain_kind", "positions", "read_tokens", "suited"]
