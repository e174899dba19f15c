"""Embeddings and a reranker for LangChain (package langchain-core)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr

from tunebook.core.errors import MachineError
from tunebook.verbs.served import Embedder, Reranker, check_batch

if TYPE_CHECKING:
    from tunebook.verbs.steps.runs import Run

try:
    from langchain_core.callbacks import Callbacks
    from langchain_core.documents import BaseDocumentCompressor, Document
    from langchain_core.embeddings import Embeddings
except ImportError as error:
    raise MachineError("machine.extra", key="langchain-core", extra="langchain") from error

SCORE = "relevance_score"  # where LangChain's own rerankers put a score


class TunebookEmbeddings(Embeddings):  # type: ignore[misc]
    """Vectors by a model that Tunebook trained: the same as those of `tunebook embed`, queries and documents each with
    the prompt that it was trained with.

    Args:
        model: a run, its folder, a book (the run that answers), or the folder or name of a model of
            sentence-transformers.
        batch_size: texts in one forward pass; None for what is quick here.

    Raises:
        TunebookError: as `tunebook.verbs.served.Embedder`; `embed.batch_size`, and later `embed.text`, one is no text.
    """

    def __init__(self, model: Run | Path | str, *, batch_size: int | None = None) -> None:
        check_batch(batch_size)
        self._model = Embedder(model)
        self._batch_size = batch_size

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector of each passage."""
        if not texts:
            return []
        found: list[list[float]] = self._model.vectors(texts, "passage", batch_size=self._batch_size).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        """The vector of a query."""
        found: list[float] = self._model.vectors([text], "query")[0].tolist()
        return found


class TunebookReranker(BaseDocumentCompressor):  # type: ignore[misc]
    """Documents in the order in which a trained reranker finds them relevant, each with its score, from 0 to 1, as
    `relevance_score` in its metadata. Equal ones stand as they were given; those without text are left out.

    Attributes:
        model: a run, its folder, a book (the run that answers), or the folder or name of a model with one output.
        top_n: the best so many; None for all.

    Raises:
        TunebookError: as `tunebook.verbs.served.Reranker`.
    """

    model: Any
    top_n: int | None = Field(default=None, ge=1)
    _served: Reranker = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Load the model."""
        self._served = Reranker(self.model)

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        """The best documents for a query."""
        ranked = self._served.order(query, [document.page_content for document in documents], self.top_n)
        return [
            documents[place].model_copy(update={"metadata": {**documents[place].metadata, SCORE: score}})
            for place, score in ranked
        ]


__all__ = ["SCORE", "TunebookEmbeddings", "TunebookReranker"]
