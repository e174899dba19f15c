"""A Triton model repository from bundles: each version of a model in a folder of its number, with its config.pbtxt.

Two models of a name: `NAME` takes token numbers (backend `onnxruntime`), `NAME_text` takes texts and gives answers as
JSON (Python backend). Triton splits no traffic: several versions are served, and whoever asks names one.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tunebook.bundle.manifest import FILE, MODEL
from tunebook.bundle.runtime import open_bundle
from tunebook.core.errors import ModelError
from tunebook.core.files import write_whole
from tunebook.export import triton_text
from tunebook.export.triton_config import CONFIG, Graph, Instances, Tensor, check_config, config, graph

BACKEND = "onnxruntime"
LABELS = "labels.txt"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


@dataclass(frozen=True)
class Repository:
    """What was written.

    Attributes:
        path: of the repository; models: the two names in it; version: the new one, or the one that was there already.
    """

    path: Path
    models: tuple[str, str]
    version: int


def write_repository(bundle: Path, repository: Path, name: str, how: Instances | None = None) -> Repository:
    """Put a bundle into a repository as the next version of a model. One that is there already is not written again.

    Raises:
        ModelError: as `open_bundle`; `triton.name`; `triton.other`, a model of this name takes or gives something else;
            `triton.tensor`, `triton.config`. MachineError: tritonclient or onnxruntime is not installed.
    """
    if not _NAME.fullmatch(name):
        raise ModelError("triton.name", key="--name", value=name)
    opened, how = open_bundle(bundle), how or Instances()
    names = name, f"{name}_text"
    shape = graph(bundle / MODEL)
    labels = LABELS if opened.names and len(opened.names) == shape.outputs[0].dims[-1] else ""
    texts = config(name, BACKEND, shape, how, labels), _text_config(names, opened.manifest.reading["pairs"], how)
    for text in texts:
        check_config(text)
    _check_same(repository / name, shape, opened.names)
    there = sorted(int(path.name) for path in (repository / name).glob("[0-9]*") if path.name.isdigit())
    for number in there:
        if (repository / names[1] / str(number) / triton_text.BUNDLE / FILE).read_bytes() == (
            bundle / FILE
        ).read_bytes():
            return Repository(repository, names, number)
    version = there[-1] + 1 if there else 1
    # The new version's folders first: a server that watches the repository sees settings only with what they need.
    _write_net(repository / name / str(version), bundle)
    _write_text(repository / names[1] / str(version), bundle)
    for model, text in zip(names, texts, strict=True):
        write_whole(repository / model / CONFIG, text)
    write_whole(repository / name / LABELS, "".join(f"{label}\n" for label in opened.names))
    return Repository(repository, names, version)


def _write_net(folder: Path, bundle: Path) -> None:
    part = _empty(folder)
    shutil.copy2(bundle / MODEL, part / MODEL)
    part.rename(folder)


def _write_text(folder: Path, bundle: Path) -> None:
    """The script beside what of the bundle it needs: all but the model."""
    part = _empty(folder)
    shutil.copytree(bundle, part / triton_text.BUNDLE, ignore=shutil.ignore_patterns(MODEL, "__pycache__"))
    shutil.copy2(Path(triton_text.__file__), part / "model.py")
    part.rename(folder)


def _empty(folder: Path) -> Path:
    """A new folder beside this one, of a name that is no version."""
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    return part


def _text_config(names: tuple[str, str], pairs: bool, how: Instances) -> str:
    given = (triton_text.TEXT, triton_text.PAIR) if pairs else (triton_text.TEXT,)
    inputs = tuple(Tensor(item, "TYPE_STRING", (1,)) for item in given)
    shape = Graph(inputs, (Tensor(triton_text.ANSWER, "TYPE_STRING", (1,)),))
    text = config(names[1], "python", shape, Instances(**{**vars(how), "device": "cpu"}))
    return text + f'parameters: {{ key: "{triton_text.NET}" value: {{ string_value: "{names[0]}" }} }}\n'


def _check_same(model: Path, shape: Graph, labels: object) -> None:
    """Refuse a version that would not answer what is asked of those that are there."""
    if not (model / CONFIG).is_file():
        return
    from google.protobuf import text_format
    from tritonclient.grpc import model_config_pb2

    there = text_format.Parse((model / CONFIG).read_text(encoding="utf-8"), model_config_pb2.ModelConfig())
    known = [[(item.name, tuple(item.dims)) for item in items] for items in (there.input, there.output)]
    ours = [[(item.name, item.dims) for item in items] for items in (shape.inputs, shape.outputs)]
    said = (model / LABELS).read_text(encoding="utf-8").splitlines()
    if known != ours or said != list(labels):  # type: ignore[call-overload]
        raise ModelError("triton.other", key=str(model.parent), value=model.name)


__all__ = ["BACKEND", "LABELS", "Repository", "write_repository"]
