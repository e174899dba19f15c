"""Embeddings and a reranker for LlamaIndex (package llama-index-core)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field, PrivateAttr

from tunebook.core.errors import DataError, MachineError
from tunebook.verbs.served import Embedder, Reranker

if TYPE_CHECKING:
    from tunebook.verbs.steps.runs import Run

try:
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.postprocessor.types import BaseNodePostprocessor
    from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle
except ImportError as error:
    raise MachineError("machine.extra", key="llama-index-core", extra="llamaindex") from error

_BATCH = 512  # texts that LlamaIndex hands over at once: they are sorted by length among themselves


class TunebookEmbedding(BaseEmbedding):  # type: ignore[misc]
    """Vectors by a model that Tunebook trained: the same as those of `tunebook embed`, queries and texts each with the
    prompt that it was trained with. LlamaIndex puts a node's metadata in front of its text.

    Args:
        model: a run, its folder, a book (the run that answers), or the folder or name of a model of
            sentence-transformers.
        other: of LlamaIndex, such as `embed_batch_size`.

    Raises:
        TunebookError: as `tunebook.verbs.served.Embedder`.
    """

    _served: Embedder = PrivateAttr()

    def __init__(self, model: Run | Path | str, **other: Any) -> None:
        served = Embedder(model)
        super().__init__(**{"model_name": served.held.name, "embed_batch_size": _BATCH, **other})
        self._served = served

    @classmethod
    def class_name(cls) -> str:
        """As LlamaIndex writes it down."""
        return "TunebookEmbedding"

    def _get_query_embedding(self, query: str) -> list[float]:
        found: list[float] = self._served.vectors([query], "query")[0].tolist()
        return found

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self._served.vectors(texts, "passage").tolist()
        return found


class TunebookRerank(BaseNodePostprocessor):  # type: ignore[misc]
    """Nodes in the order in which a trained reranker finds their texts relevant to the query, with its scores, from 0
    to 1. Equal ones stand as they were given; those without text are left out.

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
        super().model_post_init(context)
        self._served = Reranker(self.model)

    @classmethod
    def class_name(cls) -> str:
        """As LlamaIndex writes it down."""
        return "TunebookRerank"

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        if query_bundle is None:
            raise DataError("rerank.query", key="query", value=None)
        texts = [node.node.get_content(metadata_mode=MetadataMode.NONE) for node in nodes]
        ranked = self._served.order(query_bundle.query_str, texts, self.top_n)
        return [NodeWithScore(node=nodes[place].node, score=score) for place, score in ranked]


__all__ = ["TunebookEmbedding", "TunebookRerank"]
