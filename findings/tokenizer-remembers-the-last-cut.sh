#!/usr/bin/env bash
# transformers 5.23.0 with tokenizers 0.23.3: reading one text with truncation=True changes what save_pretrained() writes.
# The call leaves its max_length in the tokenizer, and tokenizer.json keeps it: whoever then reads the file with
# `tokenizers` alone (a server, another language) has every text cut there, without a word. AutoTokenizer takes no notice
# of it, and model_max_length in tokenizer_config.json says nothing of it, so the two libraries read one folder otherwise.
# It matters to whoever keeps a tokenizer beside a trained model: what was tokenised last decides what others read.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet transformers==5.23.0 tokenizers==0.23.3
cd "$place"
venv/bin/python - <<'PY'
import json

import tokenizers
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

print("transformers", transformers.__version__, "tokenizers", tokenizers.__version__)
words = ["[PAD]", "[UNK]", "one", "two", "three", "four", "five", "six"]
backend = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
backend.pre_tokenizer = pre_tokenizers.Whitespace()
made = PreTrainedTokenizerFast(tokenizer_object=backend, pad_token="[PAD]", unk_token="[UNK]", model_max_length=512)
text = "one two three four five six"

found = {}
for name in ("before", "after"):
    made.save_pretrained(name)
    alone = len(Tokenizer.from_file(f"{name}/tokenizer.json").encode(text).ids)
    wrapped = len(AutoTokenizer.from_pretrained(name)(text)["input_ids"])
    cut = json.load(open(f"{name}/tokenizer.json"))["truncation"]
    found[name] = (alone, wrapped)
    print(f"{name} the call: tokenizers reads {alone} tokens, AutoTokenizer {wrapped}; truncation in the file: {cut}")
    made(text, truncation=True, max_length=3)  # nothing but one text read

raise SystemExit(found != {"before": (6, 6), "after": (3, 6)})
PY
