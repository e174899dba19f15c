"""A loss such as a user writes it, for the tests of `custom_loss`."""

from torch import Tensor
from torch.nn.functional import cross_entropy

calls: list[int] = []


def loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy to the power of 1.5."""
    return cross_entropy(logits, targets, reduction="none") ** 1.5
