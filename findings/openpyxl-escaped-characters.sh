#!/usr/bin/env bash
# openpyxl 3.1.5 (and so pandas.read_excel) gives back the escapes of a workbook's strings as letters.
#
# XML cannot hold a carriage return as a character, so Office Open XML writes it as _x000D_ (ISO/IEC 29500-1, 22.9.2.19
# ST_Xstring), as XlsxWriter does. openpyxl leaves the seven letters in the text on reading:
# each line end of a cell that was written on Windows becomes "_x000D_" + line feed. A text model then learns them as
# words, of one source only. Expected: the character itself.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q openpyxl==3.1.5 XlsxWriter==3.2.9 pandas==3.0.1
cd "$work"
venv/bin/python - <<'PYTHON'
import openpyxl, pandas, xlsxwriter

book = xlsxwriter.Workbook("a.xlsx")
book.add_worksheet().write_column("A1", ["text", "first line\r\nsecond line"])
book.close()
read = openpyxl.load_workbook("a.xlsx").active["A2"].value
print("xlsxwriter", xlsxwriter.__version__, "wrote", repr("first line\r\nsecond line"))
print("openpyxl  ", openpyxl.__version__, "reads", repr(read))
print("pandas    ", pandas.__version__, "reads", repr(pandas.read_excel("a.xlsx")["text"][0]))
assert "_x000D_" in read, "openpyxl decodes the escape now"
PYTHON
