#!/usr/bin/env bash
# What:    `Dataset.to_csv` of the library `datasets` writes a list column as the text that numpy prints. Of a list of
#          more than 1,000 numbers only the first and the last three are written, with "..." between them, without a
#          warning. A list of words has no commas, and Python's own reader of literals joins such words into one.
# Version: datasets 5.2.0 with pandas 3.1.1 and numpy 2.2.6
# Why:     multi-hot labels of many classes lose almost all of their values on the way to CSV; ['a' 'b'] read back is
#          the single label 'ab'. `to_json` and `to_parquet` keep everything.
# Exits with 0 while this is so, else with 1. Needs only PyPI; works in a temporary folder.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --disable-pip-version-check datasets==5.2.0 pandas==3.1.1 numpy==2.2.6
cd "$place"
HF_HUB_OFFLINE=1 "$place/venv/bin/python" - <<'PYTHON'
import ast
import csv
import json

import datasets

datasets.disable_progress_bars()
classes = 1200
rows = {"text": ["one"], "words": [["a", "b"]], "vector": [[n % 2 for n in range(classes)]]}
data = datasets.Dataset.from_dict(rows)
data.to_csv("rows.csv")
data.to_json("rows.jsonl")
(row,) = csv.DictReader(open("rows.csv", newline=""))
(whole,) = map(json.loads, open("rows.jsonl"))
print("datasets", datasets.__version__)
print("values in memory:", len(data[0]["vector"]), " in JSON Lines:", len(whole["vector"]))
print("CSV has:", row["vector"], "and", row["words"])
print("which Python reads as:", ast.literal_eval(row["words"]))
same = row["vector"] == "[0 1 0 ... 1 0 1]" and ast.literal_eval(row["words"]) == ["ab"]
print("as found" if same else "CHANGED")
raise SystemExit(not same)
PYTHON
