"""Parcels: what a plan needs, found by its hash, unpacked once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tunebook.core.errors import MachineError
from tunebook.core.nouns import Plan
from tunebook.data.frozen import open_data
from tunebook.models.source import find_model, model_files, model_id
from tunebook.verbs.engines.parcels import Parcel, hash_of, load_of, packed, reached, travels, unpacked, write
from tunebook.verbs.engines.seam import Needs


def needs(plan: Plan) -> Needs:
    return Needs((plan.data_path,), (plan.model,))


def test_a_plan_needs_its_rows_and_its_base_model(quick: Plan, tmp_path: Path) -> None:
    load = load_of(needs(quick))
    assert load_of(needs(quick.with_seed(5))) == load, "every seed needs the same"
    rows, base = load.parcels
    assert load.sizes == {rows.place: rows.size, base.place: base.size} and travels(quick)
    assert not travels(quick.model_copy(update={"inputs": {"distill.teacher": "hash"}}))
    assert (rows.place, base.place) == (
        load.folders[str(quick.data_path)],
        load.models[quick.model],
    )
    assert rows.place.endswith("/data")
    for parcel in load.parcels:
        unpacked(tmp_path, parcel.place, parcel.size, parcel.content)
    assert open_data(tmp_path / rows.place).content == quick.data
    with reached({"another/name": tmp_path / base.place}):
        assert model_id(find_model("another/name")) == quick.model_id
    with pytest.raises(Exception, match="another/name"):
        find_model("another/name/which/is/gone")


def test_other_content_is_another_parcel(quick: Plan, tmp_path: Path) -> None:
    place = load_of(needs(quick)).parcels[0].place
    write({path.name: np.fromfile(path, np.uint8) for path in quick.data_path.iterdir()}, tmp_path / "data")
    moved = quick.model_copy(update={"data_path": tmp_path / "data"})
    assert load_of(needs(moved)).parcels[0].place == place
    (tmp_path / "data" / "more.txt").write_text("x")
    assert load_of(needs(moved)).parcels[0].place != place


def test_a_parcel_is_fetched_once_and_again_where_it_is_damaged(tmp_path: Path) -> None:
    fetched: list[int] = []

    def fetch() -> dict[str, np.ndarray]:
        fetched.append(1)
        return {"deep/a.bin": np.arange(9, dtype=np.uint8), "empty": np.empty(0, np.uint8)}

    for _ in range(2):
        folder = unpacked(tmp_path, "books/x", 9, fetch)
        assert (folder / "deep" / "a.bin").read_bytes() == bytes(range(9)) and (folder / "empty").read_bytes() == b""
    assert len(fetched) == 1
    (folder / "deep" / "a.bin").write_bytes(b"spoilt")
    assert unpacked(tmp_path, "books/x", 9, fetch) == folder and len(fetched) == 2
    with pytest.raises(MachineError) as caught:
        unpacked(tmp_path, "books/y", 1 << 62, fetch)
    assert caught.value.code == "machine.cache" and len(fetched) == 2


def test_a_folder_is_packed_with_the_hash_of_its_names_and_bytes(tmp_path: Path) -> None:
    write({"a": np.arange(3, dtype=np.uint8), "b/c": np.arange(2, dtype=np.uint8)}, tmp_path / "one")
    files, found = packed(tmp_path / "one")
    write(files, tmp_path / "two")
    assert hash_of(tmp_path / "two") == found == hash_of(tmp_path / "one")
    (tmp_path / "two" / "a").rename(tmp_path / "two" / "A")
    assert hash_of(tmp_path / "two") != found
    parcel = Parcel("x", {"A": tmp_path / "two" / "A"})
    assert parcel.size == 3 and parcel.content()["A"].tolist() == [0, 1, 2]


def test_a_model_goes_with_the_parts_after_its_encoder(base: Path, tmp_path: Path) -> None:
    names = set(model_files(base))
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= names
    write(packed(base)[0], tmp_path)
    for name in ("1_Pooling/config.json", "checkpoint-5/optimizer.pt", "chat_template.jinja", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("{}")
    assert set(model_files(tmp_path)) == names | {"chat_template.jinja"}
    (tmp_path / "modules.json").write_text("[]")
    assert set(model_files(tmp_path)) == names | {"chat_template.jinja", "modules.json", "1_Pooling/config.json"}
