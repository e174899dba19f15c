#!/usr/bin/env bash
# What:    `BertTokenizerFast(vocab_file="vocab.txt")` makes a tokenizer that knows five special tokens and nothing else:
#          every word is [UNK], and no line is said. The keyword is accepted and dropped; its docstring still says that
#          the vocabulary is read from `vocab_file`. The same path given by place, or from_pretrained on the folder, reads
#          all of it. BertTokenizer is the same class now. So are those of DistilBERT and Electra.
# Version: transformers 5.23.0, tokenizers as it asks for
# Why:     the keyword is how vocabularies of one's own were loaded for years. What is trained or saved with it runs through:
#          each text is as many [UNK] as it has words, so a classifier learns the length of its texts.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check transformers==5.23.0
cd "$place"
"$place/venv/bin/python" - <<'PYTHON'
import logging
import sys
import warnings
from pathlib import Path
import transformers

class Heard(logging.Handler):
    def emit(self, record):
        lines.append(record.getMessage())

lines = []
transformers.utils.logging.get_logger().addHandler(Heard(logging.WARNING))
Path("vocab.txt").write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "good", "film"]))
found = {}
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    for name in ("BertTokenizerFast", "BertTokenizer", "DistilBertTokenizerFast", "ElectraTokenizerFast"):
        kind = getattr(transformers, name)
        keyword, place = kind(vocab_file="vocab.txt"), kind("vocab.txt")
        found[name] = keyword.tokenize("good film"), place.tokenize("good film")
        print(name, "- keyword:", len(keyword), "tokens,", found[name][0], "- by place:", len(place), "tokens,", found[name][1])
said = [line for line in (*lines, *(str(one.message) for one in told)) if "vocab" in line.lower()]
print("transformers", transformers.__version__, "- said:", said or "nothing")
bert = found["BertTokenizerFast"]
sys.exit(0 if bert == (["[UNK]", "[UNK]"], ["good", "film"]) and found["BertTokenizer"] == bert and not said else 1)
PYTHON
