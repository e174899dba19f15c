#!/usr/bin/env bash
# What:    For pairs of a chosen and a rejected text without a prompt, TRL finds the prompt as what the two have in front in
#          common, character by character. Answers that begin alike are cut inside a word or a number, and their
#          beginning becomes prompt, which is not learnt: of "12 km" and "15 km" the answers "2 km" and "5 km" are left.
#          Where one text is the beginning of the other, the last character that they share is called the answer: the
#          chosen answer is a full stop.
# Version: trl 1.16.0
# Why:     the shape is that of the best known preference sets, and DPOTrainer does this by itself. Tokens are then made of
#          the parts, so that the model learns pieces of words that no tokenizer would make of the text, and to prefer
#          "." to ". It is in the north." Nothing is logged. Give the prompt in a column of its own, or compare by turns.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check torch==2.13.0
"$place/venv/bin/pip" install --quiet --disable-pip-version-check trl==1.16.0 transformers==5.23.0 datasets==5.2.0
cd "$place"
"$place/venv/bin/python" - <<'PYTHON'
import trl
from trl.data_utils import maybe_extract_prompt

ASKED = "How far is it from Oslo to Bergen? "
PAIRS = {
    "a number": ("12 km", "15 km", "1", "2 km", "5 km"),
    "a word": ("Oslo is a town.", "Osaka is a town.", "Os", "lo is a town.", "aka is a town."),
    "a beginning": ("It is far.", "It is far. Very far.", "It is far", ".", ". Very far."),
}
print("trl", trl.__version__)
for name, (chosen, rejected, *_) in PAIRS.items():
    found = maybe_extract_prompt({"chosen": ASKED + chosen, "rejected": ASKED + rejected})
    print(f"{name}: chosen {chosen!r} -> {found['chosen']!r}, rejected {rejected!r} -> {found['rejected']!r}")
    prompt, better, worse = PAIRS[name][2:]
    assert found == {"prompt": ASKED + prompt, "chosen": better, "rejected": worse}, name
print("as described")
PYTHON
