"""Versions of packages that are there, and of those that are not."""

from __future__ import annotations

import torch

import tunebook
from tunebook.core.installed import version_of


def test_version_of_a_package() -> None:
    assert version_of("tunebook") == tunebook.__version__
    assert version_of("torch").split("+")[0] == torch.__version__.split("+")[0]
    assert version_of("no-such-library") == ""
