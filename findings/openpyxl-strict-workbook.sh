#!/usr/bin/env bash
# openpyxl 3.1.5 opens a workbook that was saved as "Strict Open XML" without an error, and finds no sheet in it.
#
# Excel offers "Strict Open XML Spreadsheet (.xlsx)" beside the usual format (ISO/IEC 29500-1 and -4); the two differ in
# the addresses of their namespaces. openpyxl compares those as they stand: load_workbook succeeds (with a warning of "an
# invalid specification for 0"), .worksheets is empty, and a program that loops over the sheets reads nothing.
# Expected: the rows, or an error that names the format.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q openpyxl==3.1.5
cd "$work"
venv/bin/python - <<'PYTHON'
import zipfile

import openpyxl

book = openpyxl.Workbook()
book.active.append(["text", "label"])
book.save("usual.xlsx")
old = "http://schemas.openxmlformats.org/"
strict = {
    old + "spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    old + "officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/relationships",
}
with zipfile.ZipFile("usual.xlsx") as source, zipfile.ZipFile("strict.xlsx", "w") as target:
    for name in source.namelist():
        content = source.read(name).decode()
        for before, after in strict.items():
            content = content.replace(before, after)
        target.writestr(name, content)
for name in ("usual.xlsx", "strict.xlsx"):
    print("openpyxl", openpyxl.__version__, name, "sheets:", openpyxl.load_workbook(name).sheetnames)
assert openpyxl.load_workbook("strict.xlsx").sheetnames == [], "openpyxl reads strict workbooks now"
PYTHON
