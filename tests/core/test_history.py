from tunebook.core.history import read_history


def test_entries_up_to_a_cut(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert read_history(path) == []
    path.write_text('{"step": 1, "loss": 0.5}\n{"step": 2, "loss": 0.4}\n{"step": 3, "lo')
    assert read_history(path) == [{"step": 1, "loss": 0.5}, {"step": 2, "loss": 0.4}]
