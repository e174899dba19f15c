#!/usr/bin/env bash
# What:    `accelerate launch` with a configuration that says `distributed_type: FSDP`, `use_cpu: true` and two processes
#          starts two, and each of them believes to be alone: DistributedType.NO, one process, nothing shared out, no
#          gradients exchanged. Started by torchrun with the same settings in the environment they do find each other, but
#          as MULTI_CPU, each with the whole model. No error and no warning, either way.
# Version: accelerate 1.15.0, torch 2.13.0
# Why:     whoever tries a sharded job on CPUs before paying for GPUs sees it run, and has tried another thing: two
#          trainings that write to the same folder, or plain data parallel. `fully_shard` of torch itself works with gloo
#          on CPUs. Print `accelerator.distributed_type` and `num_processes` first.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder, on two processes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check accelerate==1.15.0
cd "$place"
cat > config.yaml <<'YAML'
compute_environment: LOCAL_MACHINE
distributed_type: FSDP
use_cpu: true
num_machines: 1
num_processes: 2
machine_rank: 0
mixed_precision: "no"
fsdp_config:
  fsdp_version: 2
  fsdp_auto_wrap_policy: SIZE_BASED_WRAP
  fsdp_min_num_params: 1
YAML
cat > job.py <<'PYTHON'
import accelerate
import torch

accelerator = accelerate.Accelerator()
model = torch.nn.Linear(8, 8)
model, _ = accelerator.prepare(model, torch.optim.SGD(model.parameters()))
held = sum(parameter.numel() for parameter in model.parameters())
kind = str(accelerator.distributed_type).rpartition(".")[2]
print(f"runs as {kind}, processes {accelerator.num_processes}, {type(model).__name__} of {held} numbers")
PYTHON
"$place/venv/bin/accelerate" launch --config_file config.yaml job.py >launched 2>errors || { cat errors; exit 1; }
export ACCELERATE_USE_CPU=true ACCELERATE_USE_FSDP=true FSDP_VERSION=2
"$place/venv/bin/torchrun" --nproc_per_node=2 --standalone job.py >by_torchrun 2>>errors || { cat errors; exit 1; }
echo "accelerate $("$place/venv/bin/python" -c 'import accelerate; print(accelerate.__version__)')"
echo "asked for FSDP on two processes by accelerate launch:"; cat launched
echo "the same by torchrun:"; cat by_torchrun
[ "$(grep -c 'runs as NO, processes 1, Linear of 72 numbers' launched)" = 2 ] || { echo "not alone any more"; exit 1; }
[ "$(grep -c 'runs as MULTI_CPU, processes 2, DistributedDataParallel of 72 numbers' by_torchrun)" = 2 ] || { echo "not whole any more"; exit 1; }
if grep -i fsdp errors; then echo "something is said of FSDP now"; exit 1; fi
echo "as described"
