"""A trained model from its folder, as transformers itself loads it, with nothing in it that would start at random."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tunebook.core.errors import ModelError


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, transformers does not tell which weights of a folder a model lacks or has no place for."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)


def stored(auto: Any, folder: Path, *, headless: bool = False) -> Any:
    """A trained model; transformers alone would draw at random what the files lack, such as the head of a base model.

    Args:
        auto: the class of transformers that makes models with this head.
        headless: all of the model is the encoder, of which no pooler is needed.

    Raises:
        ModelError: `model.partial`, the files lack weights of the encoder; `model.headless`, they lack those of the
            head.
    """
    import torch

    with quiet():
        model, found = auto.from_pretrained(
            str(folder),
            dtype=torch.float32,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # told below
            output_loading_info=True,
            trust_remote_code=False,
        )
    lost = sorted([*found["missing_keys"], *(item[0] for item in found["mismatched_keys"])])
    body = "" if headless else f"{model.base_model_prefix}."
    # A pooler may be what a head reads through: a trained head comes with it.
    inner = [name for name in lost if name.startswith(body) and "pooler." not in name]
    if inner:
        raise ModelError("model.partial", key="model", value=str(folder), count=len(inner), first=inner[0])
    if lost and not headless:
        kind = auto.__name__
        raise ModelError("model.headless", key="model", value=str(folder), kind=kind, count=len(lost), first=lost[0])
    return model


__all__ = ["quiet", "stored"]
