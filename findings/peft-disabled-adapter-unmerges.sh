#!/usr/bin/env bash
# What:    An adapter of PEFT that was merged (`merge_adapter`) is taken out of the weights by one forward pass inside
#          `with model.disable_adapter()`, and stays out when the block is left. Answers are the same before and after,
#          since the adapter then works beside the weights again, but the weights are those of the base model.
# Version: peft 0.21.2, transformers 5.23.0, torch 2.13.0
# Why:     one looks at base and tuned model side by side (a check before export, reference log-probabilities of DPO) and
#          then saves, exports or measures what one believes to be merged: the saved weights are the base model's, and
#          the served model pays for the adapter in every call. No error, no warning. Ask `layer.merged` before use.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check peft==0.21.2 transformers==5.23.0
"$place/venv/bin/python" - <<'PYTHON'
import warnings

import peft
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

torch.manual_seed(0)
SIZES = {"vocab_size": 10, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
model = get_peft_model(
    LlamaForCausalLM(LlamaConfig(**SIZES)), LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
).eval()
layer = model.base_model.model.model.layers[0].self_attn.q_proj
tokens = torch.arange(5)[None]
base = layer.get_base_layer().weight.detach().clone()
print("peft", peft.__version__)
with torch.no_grad(), warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    model.merge_adapter()
    merged, before = layer.get_base_layer().weight.detach().clone(), model(tokens).logits
    with model.disable_adapter():
        model(tokens)
    after, answers = layer.get_base_layer().weight.detach().clone(), model(tokens).logits
told = [str(item.message) for item in said if "merge" in str(item.message)]
print("merged, weights differ from the base by", float((merged - base).abs().max()))
print("after a look at the base, they differ by", float((after - base).abs().max()), "merged:", layer.merged)
print("answers differ by", float((answers - before).abs().max()), "warnings:", told)
assert (merged - base).abs().max() > 1e-3
assert (after - base).abs().max() < 1e-6 and not layer.merged and not told, "the adapter is merged again, or it is said"
assert (answers - before).abs().max() < 1e-5
print("as described")
PYTHON
