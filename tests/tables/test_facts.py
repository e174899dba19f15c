import pytest

from tunebook.tables.facts import Machine, ModelFacts

BERT = ModelFacts(name="bert", hidden=768, layers=12, parameters=110_000_000, max_positions=512)


@pytest.mark.parametrize(
    ("hidden", "size"), [(128, "small"), (384, "small"), (512, "small"), (768, "base"), (1024, "large")]
)
def test_size_by_width(hidden, size):
    assert BERT.model_copy(update={"hidden": hidden}).size == size


def test_training_bytes_by_hand():
    # one layer, width 64 (one head), 2 rows of 8 tokens: s b h (34 + 5 a s / h) = 8 * 2 * 64 * (34 + 5 * 8 / 64)
    tiny = ModelFacts(name="tiny", hidden=64, layers=1, parameters=1000, max_positions=8)
    assert tiny.training_bytes(2, 8, half=True) == 16_000 + 35_456
    assert tiny.training_bytes(2, 8, half=False) == 16_000 + 2 * 35_456
    # with checkpointing: one layer in full, and the inputs of each, 2 s b h
    assert tiny.training_bytes(2, 8, half=True, checkpointing=True) == 16_000 + 35_456 + 2 * 8 * 2 * 64
    assert BERT.training_bytes(8, 128, half=True, checkpointing=True) < BERT.training_bytes(8, 128, half=True)
    assert tiny.state_bytes == 16_000
    assert tiny.answering_bytes(8) == 4_000 + 35_456  # one row is half of two; twice that in 32-bit
    assert BERT.training_bytes(32, 128, half=False) > BERT.training_bytes(16, 128, half=False)


def test_room():
    assert Machine(cores=2, memory_bytes=100).room == 50
    assert Machine(cores=2, memory_bytes=100, gpu_memory_bytes=1000).room == 900
