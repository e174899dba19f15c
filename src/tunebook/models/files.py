"""What the files of a model or of a checkpoint are: whether they can be read, which hold the weights, and whether they
could run code; without loading them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tunebook.core.errors import ModelError

MODEL = ("config.json", "*.safetensors")
_LISTS = {"modules.json"}  # of sentence-transformers
_PARTS = ("adapter_model.safetensors", "trained.safetensors")  # of a model that lies beside its base
_SAFE, _INDEX = ".safetensors", ".index.json"
# In the order in which transformers looks for them.
_CHOICES = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_ADAPTER = "adapter_config.json"
_BACKENDS = ("attn_implementation", "experts_implementation")  # a name with a slash is code of the hub


def unreadable(folder: Path, needed: Sequence[str] = ()) -> str:
    """Name of the first file that is missing, or of a kind that tells when it is cut off or overwritten and does so;
    empty for a folder that is whole.

    Of JSON the form is looked at, of what torch has saved every byte, and of safetensors the header, which says how
    long the file must be.

    Args:
        needed: names or patterns, of each of which there has to be a file; none means those of a model.
    """
    beside = ("base.json",) if any((folder / name).is_file() for name in _PARTS) else ()
    return next(_faults(folder, needed or (*MODEL, *beside)), "")


def _faults(folder: Path, needed: Sequence[str]) -> Iterator[str]:
    from zipfile import BadZipFile, ZipFile

    from safetensors import SafetensorError, safe_open

    yield from (pattern for pattern in needed if not any(folder.glob(pattern)))
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        try:
            if path.suffix == ".json":
                kind = list if path.name in _LISTS else dict
                if not isinstance(json.loads(path.read_text(encoding="utf-8")), kind):
                    yield path.name
            elif path.suffix in (".pt", ".pth"):
                with ZipFile(path) as parts:
                    if parts.testzip() is not None:
                        yield path.name
            elif path.suffix == ".safetensors":
                with safe_open(path, "numpy") as tensors:
                    tensors.keys()
        except (OSError, ValueError, BadZipFile, SafetensorError):
            yield path.name


def weight_files(folder: Path, config: Mapping[str, Any]) -> list[str]:
    """Names of the files from which transformers would load the weights; empty where it would find none.

    Args:
        config: of the model, which may name another file than the usual ones.

    Raises:
        ModelError: `model.shards`, an index of them cannot be read, or names what is not a file of the folder.
    """
    said = config.get("transformers_weights")
    found = next((name for name in ([str(said)] if said else _CHOICES) if (folder / name).is_file()), "")
    if not found.endswith(_INDEX):
        return [found] if found else []
    try:
        names = sorted(set(json.loads((folder / found).read_text(encoding="utf-8"))["weight_map"].values()))
        lost = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError("model.shards", key="base_model", value=str(folder), file=found, first="?") from error
    if lost:
        raise ModelError("model.shards", key="base_model", value=str(folder), file=found, first=lost[0])
    return names


def pickled(names: list[str]) -> str:
    """The first of some weight files that is loaded as pickle; empty where none is."""
    return next((name for name in names if not name.endswith(_SAFE)), "")


def refuse_code(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse a model that asks for code of its own, or that is an adapter, which names another model to load.

    Raises:
        ModelError: `model.code`, `model.adapter`.
    """
    if (folder / _ADAPTER).is_file():
        raise ModelError("model.adapter", key="base_model", value=str(folder), file=_ADAPTER)
    for file, said in (("config.json", config), ("tokenizer_config.json", _read(folder / "tokenizer_config.json"))):
        own = said.get("auto_map") or next((said[name] for name in _BACKENDS if "/" in str(said.get(name))), None)
        if own:
            raise ModelError("model.code", key="base_model", value=str(folder), file=file, asks=_first(own))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # told when the tokenizer is read
        return {}
    return found if isinstance(found, dict) else {}


def _first(asked: Any) -> str:
    """The first name in what a file asks for: a map, a list, or the name itself."""
    while isinstance(asked, dict | list) and asked:
        asked = next(iter(asked.values() if isinstance(asked, dict) else asked))
    return str(asked)


__all__ = ["MODEL", "pickled", "refuse_code", "unreadable", "weight_files"]
