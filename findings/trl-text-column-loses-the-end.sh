#!/usr/bin/env bash
# What:    SFTTrainer of TRL learns prompt and completion of a row, and adds the end token to the completion. Where the
#          same rows have a further column `text` (a note, the source, the raw line), the end token is added to that
#          column, which is not learnt; prompt and completion stay as they are and are learnt without an end.
# Version: trl 1.16.0, transformers 5.23.0, datasets 5.2.0, torch 2.13.0
# Why:     a model that never learnt its end token writes on until the limit. Nothing is logged, and the loss looks well.
#          `text` is the commonest name of a column, and the rows of many sets on the hub have it beside the others.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder, on a model of random weights.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check trl==1.16.0 transformers==5.23.0 datasets==5.2.0
cd "$place"
"$place/venv/bin/python" - 2>errors <<'PYTHON' || { cat errors; exit 1; }
import trl
from datasets import Dataset
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WORDS = ["<pad>", "<eos>", "<unk>", "Where", "is", "Oslo", "?", "In", "Norway", "."]
inner = Tokenizer(models.WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="<unk>"))
inner.pre_tokenizer = pre_tokenizers.Whitespace()
tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>")
SIZES = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}


def learnt(**more):
    """The tokens that the trainer has made of a row."""
    rows = Dataset.from_list([{"prompt": "Where is Oslo ?", "completion": " In Norway .", **more}] * 2)
    how = trl.SFTConfig(output_dir="out", report_to=[], use_cpu=True, max_steps=1)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(WORDS), **SIZES))
    trainer = trl.SFTTrainer(model, args=how, train_dataset=rows, processing_class=tokenizer)
    return tokenizer.convert_ids_to_tokens(trainer.train_dataset[0]["input_ids"])


print("trl", trl.__version__)
alone, beside = learnt(), learnt(text="seen in March")
print("prompt, completion:      ", alone)
print("prompt, completion, text:", beside)
assert alone[-1] == "<eos>"
assert beside == alone[:-1], "a column `text` no longer takes the end token away"
print("as described")
PYTHON
