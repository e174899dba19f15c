#!/usr/bin/env bash
# What:    RwkvForCausalLM.generate on two rows of one length gives each row other words than the row alone: with its state
#          at hand a step of one token adds a state of shape (rows, width) to inputs of shape (rows, 1, width), which is
#          spread over all rows. No padding is involved, nothing is said, and one forward pass over the same batch (without
#          a state) is right to rounding.
# Version: transformers 5.23.0
# Why:     whoever generates in batches to be quick gets texts that hang on the neighbours in the batch. A check of logits
#          by a forward pass, which is how batches are usually checked, sees nothing.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0
cd "$place"
"$place/venv/bin/python" - 2>"$place/told" <<'PYTHON'
import sys
import torch
import transformers
from transformers import RwkvConfig, RwkvForCausalLM

torch.manual_seed(0)
model = RwkvForCausalLM(RwkvConfig(vocab_size=97, hidden_size=32, num_hidden_layers=2, context_length=64)).eval()
for item in model.parameters():
    if item.dim() > 1:
        item.data.normal_(0, 0.3)
rows = torch.tensor([[5, 6, 7], [8, 9, 10]])
how = dict(max_new_tokens=6, do_sample=False, pad_token_id=0)
together = model.generate(rows, **how)[:, 3:].tolist()
alone = [model.generate(row[None], **how)[0, 3:].tolist() for row in rows]
with torch.no_grad():
    logits = model(rows).logits
    apart = torch.cat([model(row[None]).logits for row in rows])
difference = float((logits - apart).abs().max())
print("transformers", transformers.__version__)
print("together", together)
print("alone   ", alone)
print("largest difference of logits in one forward pass", difference)
sys.exit(0 if together != alone and difference < 1e-5 else 1)
PYTHON
