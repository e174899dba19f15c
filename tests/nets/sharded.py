"""Run under torchrun: one step of a tiny decoder whose weights are shared out by FSDP2 over gloo processes."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard

from tests.nets.test_side_by_side import alone, batch_of, model_of
from tunebook.nets.next_token import Predict


def step(folder: Path) -> None:
    """Loss and gradients of four rows, two a process, by the share of their targets."""
    distributed.init_process_group("gloo")
    rank, world = distributed.get_rank(), distributed.get_world_size()
    model, batch = model_of("llama"), batch_of((9, 4, 7, 5))
    criterion = Predict(1).without_padding(model, [batch, *alone(batch)])
    assert criterion is not None
    total = criterion.items(batch)
    mesh = init_device_mesh("cpu", (world,))
    for layer in model.model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    mine = {name: item[rank::world] for name, item in batch.items()}
    loss = criterion.loss(model.train(), mine)[0] * criterion.items(mine) * world / total
    loss.backward()
    whole = loss.detach() / world
    distributed.all_reduce(whole)
    gradients = {name: item.grad.full_tensor() for name, item in model.named_parameters()}
    if rank == 0:
        torch.save({"loss": float(whole), "gradients": gradients}, folder / "step.pt")
    distributed.destroy_process_group()


if __name__ == "__main__":
    step(Path(sys.argv[1]))
