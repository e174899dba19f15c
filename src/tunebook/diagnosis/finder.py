"""What looks for one cause of errors. A cause is one file of `tunebook/diagnosis/causes/` that defines one of these."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tunebook.diagnosis.cause import Cause, Side

if TYPE_CHECKING:
    from tunebook.diagnosis.seen import Seen

MOST = 50  # rows that show a cause


class Finder(ABC):
    """Looks for a cause.

    Class attributes:
        key: of the cause; its words stand in the catalogue as `causes.KEY`. side: where it lies.
        classes: it can only be looked for where each row has one class.
    """

    key: ClassVar[str]
    side: ClassVar[Side]
    classes: ClassVar[bool] = False

    @abstractmethod
    def find(self, seen: Seen) -> Cause | None:
        """The cause with its share of the errors; None where nothing speaks for it. Its p-value is corrected for what
        this finder searched, not for the others."""

    def cause(self, seen: Seen, rows: NDArray[np.bool_] | list[str], **found: Any) -> Cause:
        """It, shown by rows of the split, the worst first.

        Args:
            rows: a mask of shape (N,), or ids in their order. found: the other attributes of a cause.
        """
        ids = rows[:MOST] if isinstance(rows, list) else seen.ids(np.flatnonzero(rows), MOST)
        return Cause(key=self.key, side=self.side, where=seen.split, ids=ids, **found)


__all__ = ["MOST", "Finder"]
