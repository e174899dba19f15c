from tunebook.core.progress import Silent


def test_silence():
    watcher = Silent()
    assert watcher.start("training", 10, done=2) is None
    assert watcher.advance(3, loss=0.1) is None
    assert watcher.finish() is None
