"""Files of a model are told to be damaged without being loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from tunebook.models.files import unreadable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text("{}")
    save_file({"a": np.zeros(9, np.float32)}, tmp_path / "model.safetensors")
    torch.save({"a": torch.zeros(99)}, tmp_path / "state.pt")
    (tmp_path / "README.md").write_bytes(b"\xff")
    return tmp_path


def test_a_whole_one(folder: Path) -> None:
    assert unreadable(folder) == ""
    assert unreadable(folder / "none") == "config.json"
    assert unreadable(folder, ("scaler.pt",)) == "scaler.pt"


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "state.pt"])
@pytest.mark.parametrize("how", ["cut", "empty", "garbage"])
def test_a_damaged_one(name: str, how: str, folder: Path) -> None:
    path = folder / name
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "empty": b"", "garbage": b"\x91" * len(data)}[how])
    assert unreadable(folder) == name


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "trained.safetensors"])
def test_a_part_needs_to_know_its_base(name: str, folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / name)
    assert unreadable(folder) == "base.json"
    (folder / "base.json").write_text("{}")
    assert unreadable(folder) == ""
    assert unreadable(folder, ("state.pt",)) == ""


def test_every_byte_of_what_torch_saved_counts_and_a_list_is_no_config(folder: Path) -> None:
    data = bytearray((folder / "state.pt").read_bytes())
    data[data.index(bytes(200)) + 50] = 1
    (folder / "state.pt").write_bytes(bytes(data))
    assert unreadable(folder) == "state.pt"
    (folder / "config.json").write_text("[]")
    assert unreadable(folder) == "config.json"
