#!/usr/bin/env bash
# A list of texts that went through Parquet and CSV is read back as one text: ['new' 'old'] becomes ['newold'].
#
# Versions: pandas 3.1.1, pyarrow 25.0.1; ast.literal_eval of Python 3.11.
# One would swear: a column of lists is the same after to_parquet and read_parquet, and to_csv writes it as before, so that
# ast.literal_eval reads it back or fails. But the cells come back as arrays of numpy, to_csv writes these without commas,
# and Python takes two quoted texts side by side for one: no error, no warning, another label. With numbers, [1 4], it
# fails as it should.
# Why it matters: this is the usual way to read lists of labels from a CSV file. Rows with several labels get a class of
# their own, made of all their names, and rows with one label look right. Look for a blank between quotation marks before
# literal_eval, or keep such columns in Parquet or JSON.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/venv"
"$place/venv/bin/pip" install -q pandas==3.1.1 pyarrow==25.0.1
cd "$place"
"$place/venv/bin/python" - <<'PYTHON'
import ast

import pandas
import pyarrow

print("pandas", pandas.__version__, "pyarrow", pyarrow.__version__)
frame = pandas.DataFrame({"text": ["a", "b"], "labels": [["new", "old"], ["new"]]})
frame.to_csv("direct.csv", index=False)
frame.to_parquet("rows.parquet")
pandas.read_parquet("rows.parquet").to_csv("through.csv", index=False)
read = {}
for name in ("direct", "through"):
    cells = pandas.read_csv(f"{name}.csv")["labels"].tolist()
    read[name] = [ast.literal_eval(cell) for cell in cells]
    print(f"{name}: in the file {cells[0]}, read as {read[name][0]}")
assert read["direct"] == [["new", "old"], ["new"]]
assert read["through"] == [["newold"], ["new"]], "the behaviour has changed"
PYTHON
