#!/usr/bin/env bash
# What:    Rows packed into one line and told apart by `position_ids` that begin again at 0 do not see each other in
#          transformers, whose attention masks are made from these positions. That holds with `use_cache=False` only:
#          with the default, a cache is made in every forward pass, in training too, the positions are not looked at, and
#          every row sees those before it.
# Version: transformers 5.23.0, torch 2.13.0
# Why:     a training loop of one's own that packs as the documentation of padding-free collators describes, and calls
#          `model(input_ids=..., position_ids=..., labels=...)`, trains on rows that leak into each other. Shapes are right,
#          the loss falls, nothing is logged. Trainers set use_cache to False; a plain loop, an evaluation, or reference
#          log-probabilities computed aside do not. Compare the logits of one packed row with those of the row alone.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder, on models of random weights.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0
"$place/venv/bin/python" - <<'PYTHON'
import torch
import transformers
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

SIZES = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
first, second = torch.tensor([[5, 6, 7, 8]]), torch.tensor([[9, 10, 11]])
packed, places = torch.cat([first, second], dim=1), torch.tensor([[0, 1, 2, 3, 0, 1, 2]])
print("transformers", transformers.__version__)
for kind, config in ((LlamaForCausalLM, LlamaConfig), (Qwen2ForCausalLM, Qwen2Config)):
    for attention in ("eager", "sdpa"):
        torch.manual_seed(0)
        model = kind(config(**SIZES, num_key_value_heads=2, attn_implementation=attention, initializer_range=0.5)).train()
        with torch.no_grad():
            alone = model(input_ids=second, use_cache=False).logits
            off = {
                said: float((model(input_ids=packed, position_ids=places, **how).logits[:, 4:] - alone).abs().max())
                for said, how in (("use_cache not said", {}), ("use_cache=False", {"use_cache": False}))
            }
        print(f"{kind.__name__:16} {attention:5} logits of the second row, packed against alone, differ by", off)
        assert off["use_cache=False"] < 1e-4
        assert off["use_cache not said"] > 1e-2, "packed rows no longer see each other"
print("as described")
PYTHON
