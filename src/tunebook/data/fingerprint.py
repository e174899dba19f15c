"""The hash of prepared rows: of their values, not of the bytes of the file that holds them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from tunebook.data.columns import is_text


def fingerprint(table: pa.Table) -> str:
    """The XXH3 hash (128 bits, hexadecimal) of names, types and values of all columns, in order."""
    digest = xxhash.xxh3_128()
    for name in table.column_names:
        column = table[name]
        _add_text(digest, f"{name}:{_kind(column.type)}:{len(column)}")
        if is_text(column.type):
            _add_strings(digest, column.chunks)
        else:
            column = column.combine_chunks()
            _add(digest, column if isinstance(column, pa.Array) else pa.concat_arrays(column.chunks))
    return digest.hexdigest()


def content_of(rows: pa.Table, passages: pa.Table | None) -> str:
    """The hash of prepared rows, and of the passages that they name, where there are any."""
    found = fingerprint(rows)
    return found if passages is None else xxhash.xxh3_128_hexdigest(f"{found}:{fingerprint(passages)}".encode())


def _kind(kind: pa.DataType) -> str:
    """Name of a type as it is before and after a Parquet file: how long the offsets are does not count."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list of {_kind(kind.value_type)}"
    return "text" if is_text(kind) else "nested" if pa.types.is_nested(kind) else str(kind)


def _add(digest: Any, array: pa.Array) -> None:
    kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        digest.update(_numbers(pc.fill_null(pc.list_value_length(array).cast(pa.int64()), -1)))
        _add(digest, array.flatten())
    elif is_text(kind):
        _add_strings(digest, [array])
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
        digest.update(np.packbits(array.is_null().to_numpy(zero_copy_only=False)).tobytes())
        digest.update(_numbers(pc.fill_null(array, 0)))
    else:
        _add(digest, _text(array))


def _add_strings(digest: Any, arrays: list[pa.Array]) -> None:
    """The lengths of all strings, then their characters."""
    for array in arrays:
        digest.update(_numbers(pc.fill_null(pc.binary_length(array).cast(pa.int64()), -1)))
    for array in arrays:
        digest.update(_bytes(array.cast(pa.large_string())))


def _text(array: pa.Array) -> pa.Array:
    """Values of the other types as text. Books are known by it: it stays as it is, whatever texts a model reads."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.cast(kind.value_type)
        return array if is_text(array.type) else _text(array)
    if pa.types.is_nested(kind):
        values = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in array.to_pylist()]
        return pa.array(values, pa.large_string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        values = [None if v is None else v.decode("utf-8", "replace") for v in array.to_pylist()]
        return pa.array(values, pa.large_string())
    return pc.cast(array, pa.large_string())


def _numbers(array: pa.Array) -> bytes:
    values = array.to_numpy(zero_copy_only=False)
    return bytes(np.ascontiguousarray(values.astype(values.dtype.newbyteorder("<"))).tobytes())


def _bytes(array: pa.Array) -> memoryview | bytes:
    """The characters of all strings, one after the other; a null has none."""
    if array.null_count:
        array = pc.fill_null(array, "")
    if not pc.sum(pc.binary_length(array)).as_py():  # there may be no buffer then
        return b""
    _, offsets, data = array.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)
    return memoryview(data)[int(ends[array.offset]) : int(ends[array.offset + len(array)])]


def _add_text(digest: Any, text: str) -> None:
    data = text.encode()
    digest.update(len(data).to_bytes(8, "little") + data)


__all__ = ["content_of", "fingerprint"]
