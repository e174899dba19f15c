"""A model of which each process holds a part of every weight: torch's FSDP2, and the way there and back.

The weights of a layer come together in all processes for the layer's own pass and part again; gradients go to the
process that owns the part, and so do the optimiser's states. Files know nothing of that: whole states are gathered
by all processes together, and whole states are taken up, each process keeping its own part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

_NAME = "tunebook_parts"
_FLAG = "_is_fsdp_managed_module"  # torch's, by which transformers knows such a model


@dataclass(frozen=True)
class Parts:
    """What a shared out model was before.

    Attributes:
        before: module -> its class, and its hooks by the name of their list.
        whole: numbers of the whole model; held: those that this process holds.
    """

    before: dict[nn.Module, tuple[type[nn.Module], dict[str, Any]]]
    whole: int
    held: int


def shared_out(model: Any) -> Parts | None:
    """How a model is shared out; None for a whole one."""
    found: Parts | None = vars(model).get(_NAME)
    return found


def share_out(model: nn.Module, layers: Sequence[nn.Module], processes: int, *, again: bool = True) -> Parts:
    """Share a model's weights out among the processes of the group, in place. All processes do so together.

    Args:
        layers: modules whose weights come together for their own pass alone.
        again: a layer's weights part after its forward pass. Those outside of the layers stay for the way back: a loss
            may read the matrix of the words after the pass.
    """
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh("cuda" if torch.cuda.is_available() else "cpu", (processes,))
    before = {module: (type(module), _hooks(module)) for module in model.modules()}
    for layer in layers:
        fully_shard(layer, mesh=mesh, reshard_after_forward=again)
    fully_shard(model, mesh=mesh, reshard_after_forward=False)
    model.register_load_state_dict_pre_hook(_take_own)  # type: ignore[no-untyped-call]
    weights = list(model.parameters())
    held = sum(item.to_local().numel() for item in weights)  # type: ignore[attr-defined]
    parts = Parts(before, sum(item.numel() for item in weights), held)
    vars(model)[_NAME] = parts
    return parts


def part_again(model: nn.Module) -> None:
    """Let go of what came together for passes that had no way back. Of a whole model nothing happens."""
    if shared_out(model) is None:
        return
    from torch.distributed.fsdp import FSDPModule

    for module in model.modules():
        if isinstance(module, FSDPModule):
            module.reshard()


def whole(item: Tensor) -> Tensor:
    """A tensor with the parts of all processes, which ask together; one that is whole is given back as it is."""
    gather = getattr(item, "full_tensor", None)
    if gather is None:
        return item
    found: Tensor = gather()
    return found


def whole_state(model: nn.Module, *, keep: bool) -> dict[str, Tensor]:
    """The weights of a shared out model, gathered by all processes together. Tied ones stay one tensor.

    Args:
        keep: this process wants them; to the others an empty dictionary is given.
    """
    part_again(model)
    found: dict[int, Tensor] = {}
    state: dict[str, Tensor] = {}
    for name, item in model.state_dict(keep_vars=True).items():
        if id(item) not in found:
            full = whole(item.detach())
            found[id(item)] = full.cpu() if keep else full.new_empty(0)
        if keep:
            state[name] = found[id(item)]
    return state


def together(model: nn.Module, *, keep: bool) -> None:
    """Undo `share_out`, in place and on the CPU. All processes do so together.

    Args:
        keep: this process gets the weights; those of the others have shapes alone.
    """
    parts = shared_out(model)
    if parts is None:
        return
    part_again(model)
    found: dict[int, nn.Parameter] = {}
    for item in model.parameters():
        full = whole(item.detach())
        full = full.cpu() if keep else torch.empty_like(full, device="meta")
        found[id(item)] = nn.Parameter(full, requires_grad=item.requires_grad)
    for module, (kind, hooks) in parts.before.items():
        module.__class__ = kind
        vars(module).update(hooks)
        vars(module).pop(_FLAG, None)
        for name, own in module._parameters.items():
            module._parameters[name] = None if own is None else found[id(own)]
    del vars(model)[_NAME]
    if keep:
        model.to("cpu")


def part_of(item: Tensor, like: Tensor) -> Tensor:
    """This process's part of a whole tensor, laid out as that of another of the same shape."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(like, DTensor) or isinstance(item, DTensor) or item.shape != like.shape:
        return item
    # No rank is asked for it: all of them have read the same file.
    return distribute_tensor(item.to(like.device), like.device_mesh, like.placements, src_data_rank=None)


def _take_own(model: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    """Before whole weights are loaded: only this process's part of each."""
    part_again(model)
    for name, item in model.named_parameters(remove_duplicate=False):
        if prefix + name in state:
            state[prefix + name] = part_of(state[prefix + name], item)


@contextmanager
def whole_in_files(optimizer: Any, *, keep: bool = True) -> Iterator[None]:
    """Inside, an optimiser's state is gathered when it is asked for, and its own part taken of one that is loaded.

    All processes enter and leave together: what is asked for inside was gathered on entering.

    Args:
        keep: this process wants the state.
    """
    inner = getattr(optimizer, "optimizer", optimizer)
    state = inner.state_dict()
    state["state"] = {
        number: {name: _gathered(value, keep) for name, value in values.items()}
        for number, values in state["state"].items()
    }

    def split(of: Any, given: dict[str, Any]) -> dict[str, Any]:
        places = [number for group in given["param_groups"] for number in group["params"]]
        weights = [item for group in of.param_groups for item in group["params"]]
        own = dict(zip(places, weights, strict=True))
        kept = {number: _split(values, own[number]) for number, values in given["state"].items()}
        return {**given, "state": kept}

    hooks = [inner.register_state_dict_post_hook(lambda *_: state), inner.register_load_state_dict_pre_hook(split)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _split(values: dict[str, Any], like: Tensor) -> dict[str, Any]:
    return {name: part_of(value, like) if torch.is_tensor(value) else value for name, value in values.items()}


def _gathered(value: Any, keep: bool) -> Any:
    if not torch.is_tensor(value):
        return value
    full = whole(value)
    return full.cpu() if keep else None


def _hooks(module: nn.Module) -> dict[str, Any]:
    """The module's lists of hooks as they are."""
    return {name: value.copy() for name, value in vars(module).items() if "_hooks" in name and isinstance(value, dict)}


__all__ = [
    "Parts",
    "part_again",
    "part_of",
    "share_out",
    "shared_out",
    "together",
    "whole",
    "whole_in_files",
    "whole_state",
]
