"""The Gemma base model: unpacked once from what its package puts together, whole or not at all, on request only."""

from __future__ import annotations

import hashlib
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tests import small, tiny
from tunebook.core.errors import MachineError, ModelError
from tunebook.models import gemma
from tunebook.models.gemma import MODULE, NAME
from tunebook.models.source import BUILTIN, TERMS, builtin_state, find_model, load_tokenizer

DATA = b"four parts"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A package that puts a small file together, of which a tiny model is read, and an empty cache."""
    made = ModuleType(MODULE)
    made.__spec__ = ModuleSpec(MODULE, None)

    def assemble(path: Path) -> Path:
        path.write_bytes(DATA)
        return path

    made.assemble = assemble  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, MODULE, made)
    monkeypatch.setattr(gemma, "SHA256", hashlib.sha256(DATA).hexdigest())
    monkeypatch.setattr(gemma, "read_gguf", read)
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    return made


def read(file: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForCausalLM

    assert file.read_bytes() == DATA
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(tiny.config("llama")), small.tokenizer()


def test_it_is_unpacked_once_into_an_ordinary_folder(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import AutoModelForCausalLM

    assert builtin_state(NAME) == "packed"
    folder = find_model(NAME)
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {
        path.name for path in folder.iterdir()
    }
    assert not list(folder.glob("*.gguf"))
    assert TERMS[NAME] in (folder / "README.md").read_text()
    model = AutoModelForCausalLM.from_pretrained(str(folder))
    assert model.dtype == torch.bfloat16
    assert torch.equal(model.lm_head.weight, read_weights())
    assert load_tokenizer(folder)("good")["input_ids"]
    monkeypatch.setattr(package, "assemble", lambda path: pytest.fail("once"))
    assert find_model(NAME) == folder
    assert builtin_state(NAME) == "ready"


def read_weights() -> Any:
    torch.manual_seed(0)
    from transformers import AutoModelForCausalLM

    return AutoModelForCausalLM.from_config(tiny.config("llama")).lm_head.weight.bfloat16()


@pytest.mark.parametrize("how", ["other", "raises"])
def test_another_file_of_the_package_is_refused(package: ModuleType, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    def assemble(path: Path) -> None:
        if how == "raises":
            raise FileNotFoundError("part 3")
        path.write_bytes(b"another")

    monkeypatch.setattr(package, "assemble", assemble)
    with pytest.raises(ModelError) as error:
        find_model(NAME)
    assert error.value.code == "model.packed"
    assert not gemma.folder_in_cache().exists()


@pytest.mark.parametrize(("absent", "code"), [(MODULE, "gemma.extra"), ("gguf", "machine.extra")])
def test_what_is_missing_comes_with_its_terms(
    package: ModuleType, monkeypatch: pytest.MonkeyPatch, absent: str, code: str
) -> None:
    present = gemma.find_spec
    monkeypatch.setattr(gemma, "find_spec", lambda name: None if name == absent else present(name))
    with pytest.raises(MachineError) as error:
        find_model(NAME)
    assert error.value.code == code
    assert "llm-demo" in error.value.advice
    assert absent == "gguf" or "https://ai.google.dev/gemma/terms" in error.value.advice


def test_it_is_no_default() -> None:
    from tunebook.core.settings import Settings

    assert NAME in BUILTIN
    assert Settings().base_model not in TERMS


def test_a_file_of_the_real_kind_is_read_as_a_model_that_can_be_saved(tmp_path: Path) -> None:
    pytest.importorskip(MODULE)
    folder = find_model(NAME)
    assert load_tokenizer(folder)("Hello", add_special_tokens=True)["input_ids"][0] == 2
