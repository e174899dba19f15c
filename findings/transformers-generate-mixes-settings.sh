#!/usr/bin/env bash
# What:    A GenerationConfig given to `generate` is filled up from the one that came with the model, wherever it says
#          nothing: repetition penalty, suppressed and forced tokens, beams, least lengths, sampling. The documentation of
#          `generation_config` says that unspecified parameters get the default values of GenerationConfig.
# Version: transformers 5.23.0, torch 2.13.0
# Why:     one asks two models for greedy answers with one and the same configuration and compares them: each answers by
#          the settings of its own generation_config.json besides, so that a base model and what was made of it, saved
#          without that file, differ by more than their weights. In transformers 5 a new GenerationConfig() says nothing of
#          almost everything (its fields are None), so it overrides almost nothing. Evaluation needs every field named, or
#          the model's own configuration put aside meanwhile.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder, on a model of random weights.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0
"$place/venv/bin/python" - <<'PYTHON'
import torch
import transformers
from transformers import GenerationConfig, GenerationMixin, LlamaConfig, LlamaForCausalLM

torch.manual_seed(0)
SIZES = {"vocab_size": 50, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
model = LlamaForCausalLM(LlamaConfig(**SIZES, eos_token_id=1, bos_token_id=2)).eval()
asked = torch.tensor([[5, 6]])
told = GenerationConfig(max_new_tokens=8, do_sample=False, pad_token_id=0)


def answer(config):
    """What the same call gives for a model that came with these settings."""
    model.generation_config = config
    mask = torch.ones_like(asked)
    return model.generate(asked, attention_mask=mask, generation_config=told)[0, 2:].tolist()


print("transformers", transformers.__version__)
plain = answer(GenerationConfig())
beside = {
    "repetition_penalty": answer(GenerationConfig(repetition_penalty=50.0)),
    "suppress_tokens": answer(GenerationConfig(suppress_tokens=[plain[0]])),
    "forced_eos_token_id": answer(GenerationConfig(forced_eos_token_id=7)),
}
print("model without settings: ", plain)
for name, found in beside.items():
    print(f"with {name}:".ljust(24), found)
documented = "unspecified parameters will inherit [`~generation.GenerationConfig`]'s"
assert documented in " ".join(GenerationMixin.generate.__doc__.split()), "the documentation says something else now"
assert all(found != plain for found in beside.values()), "the settings of the model no longer come in"
print("as described")
PYTHON
