#!/usr/bin/env bash
# PEFT takes a list of target modules of which some do not exist, without an error or a warning.
#
# Versions: peft 0.21.2, transformers 5.23.0, torch 2.13.0.
# One would swear: `target_modules=["query", "valeu"]` is refused, as `["valeu"]` and the text `"query"` are. It is not:
# the maps of `query` alone get an adapter, half of what was asked for is trained, and nothing says so. A text is another
# thing than a list of one text: it is a pattern that has to match the whole name, so `"query"` matches nothing.
# Why it matters: lists are copied from one architecture to another (q_proj, v_proj, gate_proj ...), where some names exist
# and others do not; the run then trains fewer parameters than its configuration says, and scores are compared as if it
# had trained them all. Count the adapted modules, or compare their names with the list.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q torch==2.13.0
"$place/venv/bin/pip" install -q peft==0.21.2 transformers==5.23.0
"$place/venv/bin/python" - <<'PYTHON'
import warnings

import peft
import transformers
from peft import LoraConfig, get_peft_model
from transformers import BertConfig, BertForSequenceClassification

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "vocab_size": 50}


def adapted(targets):
    """Names of the modules that get an adapter, or the error; and the warnings that speak of targets."""
    model = BertForSequenceClassification(BertConfig(**SIZES))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            made = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", r=2, target_modules=targets))
        except ValueError as error:
            return f"ValueError: {str(error)[:60]}..."
    names = {name.split(".lora_A")[0].rsplit(".", 1)[1] for name, _ in made.named_parameters() if ".lora_A" in name}
    told = [str(item.message) for item in said if "valeu" in str(item.message) or "target" in str(item.message)]
    return sorted(names), told


print("peft", peft.__version__, "transformers", transformers.__version__)
found = {str(targets): adapted(targets) for targets in (["query", "value"], ["query", "valeu"], ["valeu"], "query")}
for targets, result in found.items():
    print(f"{targets:22} {result}")
assert found["['query', 'value']"] == (["query", "value"], [])
assert found["['query', 'valeu']"] == (["query"], []), "a list with a name that does not exist is no longer taken silently"
assert str(found["['valeu']"]).startswith("ValueError")
assert str(found["query"]).startswith("ValueError"), "a text is no longer matched against the whole name"
print("as described")
PYTHON
