#!/usr/bin/env bash
# pyarrow 25.0.1: an array of values of different types keeps only what the first of them can say, without an error.
#
# pa.array([date, datetime]) becomes date32 and the hour of the second value is gone; pa.array([1.5, True]) becomes
# double and the truth is 1.0; pa.array([timedelta, 5]) makes five microseconds of the number. The same values the other
# way round ([datetime, date], [True, 1.5], [5, timedelta]) raise an error, so that one would swear a mixture is refused.
#
# It matters wherever columns are made of Python values (cells of a workbook, JSON): a row's text depends on the row that
# happens to stand first. Whoever needs the values must look at the types before Arrow does.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet pyarrow==25.0.1

"$folder/venv/bin/python" - <<'PYTHON'
import datetime as dt
import sys

import pyarrow as pa

day, moment, span = dt.date(2025, 1, 2), dt.datetime(2025, 1, 2, 23, 59), dt.timedelta(seconds=1)
found = {
    "[date, datetime]": pa.array([day, moment]).to_pylist(),
    "[1.5, True]": pa.array([1.5, True]).to_pylist(),
    "[timedelta, 5]": pa.array([span, 5]).to_pylist(),
}
print("pyarrow", pa.__version__)
for values, kept in found.items():
    print(f"{values:18} -> {kept}")
expected = [[day, day], [1.5, 1.0], [span, dt.timedelta(microseconds=5)]]
refused = 0
for values in ([moment, day], [True, 1.5], [5, span]):
    try:
        pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        refused += 1
        print("the other way round:", type(error).__name__)
sys.exit(0 if list(found.values()) == expected and refused == 3 else 1)
PYTHON
