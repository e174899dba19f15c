"""A model that is shared out among the processes of a run, by FSDP2: what the launcher asks for, read from its words.

accelerate hands its configuration on as variables of the environment. On CPUs it then forgets FSDP itself (1.15), so
they are read here, with or without accelerate: `torchrun` with the same variables is the same wish. What is asked for
and not done is refused; what FSDP2 has made meaningless, and accelerate still says with each launch, is passed over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tunebook.core.errors import PlanError

FSDP = "ACCELERATE_USE_FSDP"
_RAM = "FSDP_CPU_RAM_EFFICIENT_LOADING"
_WRAP, _CLASSES, _AGAIN = "FSDP_AUTO_WRAP_POLICY", "FSDP_TRANSFORMER_CLS_TO_WRAP", "FSDP_RESHARD_AFTER_FORWARD"
_OTHERS = ("ACCELERATE_USE_DEEPSPEED", "ACCELERATE_USE_MEGATRON_LM", "ACCELERATE_USE_PARALLELISM_CONFIG")
_LAYERS, _NONE = "TRANSFORMER_BASED_WRAP", "NO_WRAP"
_TRUE = ("1", "true", "yes", "on", "t", "y")  # as accelerate reads them
# Setting -> the values that are done here, in lower case; None for what says nothing to FSDP2, or nothing alone.
_DONE: Mapping[str, tuple[str, ...] | None] = {
    "FSDP_VERSION": ("2",),
    _WRAP: (_LAYERS.lower(), _NONE.lower()),
    _CLASSES: None,
    _AGAIN: ("true", "false"),
    "FSDP_SHARDING_STRATEGY": ("full_shard", "1"),
    "FSDP_OFFLOAD_PARAMS": ("false",),
    "FSDP_ACTIVATION_CHECKPOINTING": ("false",),
    "FSDP_ACTIVATION_CHECKPOINTING_OFFLOAD": ("false",),
    "FSDP_FORWARD_PREFETCH": ("false",),
    "FSDP_STATE_DICT_TYPE": ("full_state_dict", "sharded_state_dict"),
    "FSDP_BACKWARD_PREFETCH": None,
    "FSDP_MIN_NUM_PARAMS": None,
    "FSDP_USE_ORIG_PARAMS": None,
    "FSDP_SYNC_MODULE_STATES": None,
    _RAM: None,
}


@dataclass(frozen=True)
class Shards:
    """How a model is shared out.

    Attributes:
        by_layer: each layer's weights come together for its own pass alone; else all of them at once.
        classes: names of the classes of the layers; empty for those of the model's list of layers.
        again: a layer's weights part after its forward pass and come together once more for the way back.
    """

    by_layer: bool = True
    classes: tuple[str, ...] = ()
    again: bool = True


def asked() -> Shards | None:
    """What the launcher asks for; None where it leaves the model whole.

    Raises:
        PlanError: `ranks.deepspeed`: another library is to share it out; `ranks.shards`: a setting is not known here.
    """
    given = os.environ
    if other := next((name for name in _OTHERS if _true(name)), None):
        raise PlanError("ranks.deepspeed", key=other, value=given[other], allowed="false")
    if not _true(FSDP):
        return None
    for name in sorted({name for name in given if name.startswith("FSDP_")} | {"FSDP_VERSION"}):
        _check(name, given.get(name, "1" if name == "FSDP_VERSION" else ""))  # as accelerate takes it
    classes = tuple(name.strip() for name in given.get(_CLASSES, "").split(",") if name.strip())
    by_layer = given.get(_WRAP, _LAYERS).upper() == _LAYERS
    return Shards(by_layer, classes, given.get(_AGAIN, "true").lower() == "true")


def _check(name: str, value: str) -> None:
    if name not in _DONE:
        raise PlanError("ranks.shards", key=name, value=value, allowed=" | ".join(_DONE))
    done = _DONE[name]
    if done is not None and value.lower() not in done:
        raise PlanError("ranks.shards", key=name, value=value, allowed=" | ".join(done))


def precision_asked(precision: str) -> None:
    """Refuse arithmetic of the launcher's that is another than the table's, which decides.

    Raises:
        PlanError: `ranks.precision`.
    """
    wanted = os.environ.get("ACCELERATE_MIXED_PRECISION", "no").lower()
    if wanted not in ("no", precision):
        raise PlanError("ranks.precision", key="precision", value=precision, allowed=wanted)


def load_whole() -> None:
    """Let each process read the base model: with this variable transformers leaves all but the first with none."""
    os.environ[_RAM] = "false"


@contextmanager
def unseen() -> Iterator[None]:
    """Inside, accelerate does not hear of the wish: on GPUs it would share the model out once more."""
    before = os.environ.get(FSDP)
    os.environ[FSDP] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[FSDP]
        else:
            os.environ[FSDP] = before


def _true(name: str) -> bool:
    return os.environ.get(name, "").lower() in _TRUE


__all__ = ["FSDP", "Shards", "asked", "load_whole", "precision_asked", "unseen"]
