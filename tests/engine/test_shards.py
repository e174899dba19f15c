"""What a launcher asks for is read from its variables, refused where it is not done, and kept from accelerate."""

from __future__ import annotations

import os

import pytest

from tunebook.core.errors import PlanError
from tunebook.engine.shards import FSDP, Shards, asked, load_whole, precision_asked, unseen

# What `accelerate launch` of 1.15 says for a configuration of FSDP2 that leaves all else open.
LAUNCHED = {
    FSDP: "true", "FSDP_VERSION": "2", "FSDP_SHARDING_STRATEGY": "FULL_SHARD", "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_OFFLOAD_PARAMS": "false", "FSDP_MIN_NUM_PARAMS": "100000000", "FSDP_FORWARD_PREFETCH": "false",
    "FSDP_USE_ORIG_PARAMS": "true", "FSDP_CPU_RAM_EFFICIENT_LOADING": "true", "FSDP_SYNC_MODULE_STATES": "true",
    "FSDP_ACTIVATION_CHECKPOINTING": "false", "FSDP_ACTIVATION_CHECKPOINTING_OFFLOAD": "false",
}  # fmt: skip


@pytest.fixture(autouse=True)
def launched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("FSDP_", "ACCELERATE_"))]:
        monkeypatch.delenv(name)
    for name, value in LAUNCHED.items():
        monkeypatch.setenv(name, value)


def test_what_accelerate_says_by_itself_is_done() -> None:
    assert asked() == Shards(by_layer=True, classes=(), again=True)


@pytest.mark.parametrize("value", ["", "false", "0"])
def test_without_the_wish_nothing_is_asked(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FSDP_VERSION", "1")
    monkeypatch.setenv(FSDP, value)
    assert asked() is None


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("FSDP_AUTO_WRAP_POLICY", "TRANSFORMER_BASED_WRAP", Shards()),
        ("FSDP_AUTO_WRAP_POLICY", "NO_WRAP", Shards(by_layer=False)),
        ("FSDP_TRANSFORMER_CLS_TO_WRAP", "BertLayer, T5Block", Shards(classes=("BertLayer", "T5Block"))),
        ("FSDP_RESHARD_AFTER_FORWARD", "false", Shards(again=False)),
    ],
)
def test_what_is_heard(name: str, value: str, found: Shards, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert asked() == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FSDP_VERSION", "1"),
        ("FSDP_AUTO_WRAP_POLICY", "SIZE_BASED_WRAP"),
        ("FSDP_SHARDING_STRATEGY", "HYBRID_SHARD"),
        ("FSDP_RESHARD_AFTER_FORWARD", "FULL_SHARD"),
        ("FSDP_OFFLOAD_PARAMS", "true"),
        ("FSDP_ACTIVATION_CHECKPOINTING", "true"),
        ("FSDP_STATE_DICT_TYPE", "LOCAL_STATE_DICT"),
        ("FSDP_IGNORED_MODULES", "head"),
        ("FSDP_NEW", "1"),
    ],
)
def test_what_is_not_done_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(PlanError) as refused:
        asked()
    assert (refused.value.code, refused.value.key, refused.value.value) == ("ranks.shards", name, value)


def test_a_version_that_is_not_named_is_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FSDP_VERSION")
    with pytest.raises(PlanError) as refused:
        asked()
    assert (refused.value.key, refused.value.value, refused.value.allowed) == ("FSDP_VERSION", "1", "2")


@pytest.mark.parametrize("name", ["DEEPSPEED", "MEGATRON_LM", "PARALLELISM_CONFIG"])
def test_other_ways_of_sharing_out_are_refused_and_fsdp2_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"ACCELERATE_USE_{name}", "true")
    with pytest.raises(PlanError) as refused:
        asked()
    assert refused.value.code == "ranks.deepspeed" and "FSDP_VERSION=2" in refused.value.advice


def test_the_table_decides_the_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    precision_asked("bf16")
    for wanted, precision in (("no", "fp32"), ("bf16", "bf16"), ("fp32", "fp32")):
        monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", wanted)
        precision_asked(precision)
    monkeypatch.setenv("ACCELERATE_MIXED_PRECISION", "bf16")
    with pytest.raises(PlanError) as refused:
        precision_asked("fp32")
    assert (refused.value.code, refused.value.value, refused.value.allowed) == ("ranks.precision", "fp32", "bf16")


def test_neither_accelerate_nor_transformers_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with unseen():
        assert os.environ[FSDP] == "false"
    assert os.environ[FSDP] == "true"
    monkeypatch.delenv(FSDP)
    with unseen():
        assert os.environ[FSDP] == "false"
    assert FSDP not in os.environ
    load_whole()
    assert os.environ["FSDP_CPU_RAM_EFFICIENT_LOADING"] == "false"
