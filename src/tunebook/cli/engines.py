"""Where the trainings of a command are done: --engine and --address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

from tunebook.cli.options import option, wrong
from tunebook.core.progress import Notes

_ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Where:
    """This machine, or a cluster; for records of options to inherit."""

    engine: Annotated[str, option("engine", "--engine", metavar="local|ray")] = "local"
    address: Annotated[str | None, option("address", "--address", metavar="HOST:PORT")] = None

    def own(self) -> dict[str, Any]:
        """What the record that inherits this says beside it."""
        return {name: value for name, value in vars(self).items() if name not in vars(Where())}

    def check(self) -> None:
        """Refuse options that cannot be meant, before anything is loaded.

        Raises:
            TunebookError: `cli.option`.
        """
        if self.engine not in _ENGINES:
            raise wrong("--engine", self.engine, " | ".join(_ENGINES))
        if self.address is not None and self.engine == "local":
            raise wrong("--address", self.address, "--engine ray")

    @contextmanager
    def used(self, watch: Notes) -> Iterator[None]:
        """Have all trainings inside done there.

        Raises:
            TunebookError: as `check`, and as `Ray`.
        """
        self.check()
        from tunebook.verbs.engines.seam import trained_on

        if self.engine == "local":
            from tunebook.verbs.engines.beside import Beside

            engine: Beside | Ray = Beside(watch)
        else:
            from tunebook.verbs.engines.cluster import Ray

            engine = Ray(self.address or "", watch)
        with engine, trained_on(engine):
            yield


__all__ = ["Where"]
