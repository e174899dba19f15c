"""Write a parameter table as JSON, YAML, CSV or XLSX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tunebook.core.errors import TableError
from tunebook.core.nouns import ParamTable
from tunebook.tables.csv_form import csv_bytes
from tunebook.tables.json_form import flat_json_bytes, json_bytes
from tunebook.tables.publish import publish, replace
from tunebook.tables.xlsx_form import xlsx_bytes
from tunebook.tables.yaml_form import flat_yaml_bytes, yaml_bytes

_FLAT: dict[str, Callable[[ParamTable], bytes]] = {
    ".json": flat_json_bytes,
    ".yaml": flat_yaml_bytes,
    ".yml": flat_yaml_bytes,
}
_FORMS: dict[str, Callable[[ParamTable], bytes]] = {
    ".csv": csv_bytes,
    ".json": json_bytes,
    ".xlsx": xlsx_bytes,
    ".yaml": yaml_bytes,
    ".yml": yaml_bytes,
}


def write_table(table: ParamTable, path: Path | str, *, overwrite: bool = False, flat: bool = False) -> Path:
    """Write a table, whole or not at all; `read_table` gives the same table back from every form.

    The ending of the path says the form. CSV and XLSX have headings in the user's language.

    Args:
        flat: names and values alone, for other programs: JSON or YAML.

    Raises:
        TableError: `table.form` for another ending, `table.exists` for a file that is there, unless `overwrite`.
        MachineError: `table.unwritable` for a folder that cannot be written, or a full disk.
    """
    path = Path(path)
    forms = _FLAT if flat else _FORMS
    form = forms.get(path.suffix.lower())
    if form is None:
        raise TableError("table.form", key=str(path), allowed=", ".join(forms))
    data = form(table)
    if overwrite:
        return replace(path, data)
    try:
        return publish(path, data)
    except FileExistsError as error:
        raise TableError("table.exists", key=str(path)) from error


__all__ = ["write_table"]
