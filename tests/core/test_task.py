import pytest

from tunebook.core.task import Criterion, Rows, Task


def test_rows_count_their_texts():
    rows = Rows(texts=["a", "b"], pairs=None, targets=None, ids=["1", "2"])
    assert len(rows) == 2
    assert rows.other == {}
    assert rows.weights is None


@pytest.mark.parametrize("kind", [Task, Criterion])
def test_contracts_cannot_be_made(kind):
    with pytest.raises(TypeError, match="abstract"):
        kind()
