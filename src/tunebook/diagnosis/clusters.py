"""Errors that lie near each other, named by the words that tell them from all other rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tunebook.core.localized import localized
from tunebook.diagnosis.conditions import terms
from tunebook.diagnosis.records import Cluster
from tunebook.stats.proportion import wilson_interval
from tunebook.stats.worst_parts import root_ratio

if TYPE_CHECKING:
    from tunebook.diagnosis.looked import Looked
    from tunebook.diagnosis.mistakes import Mistake

Array = NDArray[Any]
LEAST = 20  # errors
_MOST, _SIZE, _TAKEN = 12, 25, 4000  # clusters; errors of one, as a rule; and errors that are clustered
_SMALL = 3  # errors of a cluster that is shown
_NAMED, _IDS, _PAIRS = 5, 30, 3
_OFTEN = 0.05  # share of them that has a word which names them
_TELLING = 2.5  # root of the likelihood ratio from which on a word tells rows from others


def clusters(looked: Looked, mistakes: Sequence[Mistake]) -> list[Cluster]:
    """K-means of what the run's encoder makes of wrong rows, with as many clusters as the silhouette likes best;
    nothing of fewer than `LEAST` errors."""
    wrong = np.flatnonzero(looked.wrong)
    if len(wrong) < LEAST:
        return []
    wrong = wrong[np.argsort(-looked.mass[wrong], kind="stable")][:_TAKEN]
    vectors = looked.features(looked.split)[wrong]
    places, middles = grouped(vectors)
    words = [{term for term in terms(text) if len(term) > 1 and _is_word(term)} for text in looked.rows.texts]
    pairs: dict[int, list[str]] = defaultdict(list)
    for one in mistakes:
        pairs[one.row].append(_pair(one))
    made = []
    for number in range(len(middles)):
        inside = np.flatnonzero(places == number)
        if len(inside) < _SMALL:
            continue
        rows = wrong[inside[np.argsort(-(vectors[inside] @ middles[number]), kind="stable")]]
        often = Counter(pair for row in rows.tolist() for pair in pairs[row]).most_common(_PAIRS)
        cluster = Cluster(
            words=named(words, rows.tolist()),
            rows=len(rows),
            share=wilson_interval(len(rows), len(wrong)),
            pairs=[pair for pair, count in often if count > 1],
            ids=[str(looked.rows.ids[row]) for row in rows[:_IDS]],
        )
        made.append(cluster)
    return sorted(made, key=lambda one: -one.rows)


def grouped(vectors: Array, seed: int = 0) -> tuple[NDArray[np.int64], Array]:
    """The cluster of each vector (N,), and the middle of each cluster (K, D)."""
    import warnings

    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    best: tuple[float, Any] = (-np.inf, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of vectors that are all alike there are fewer clusters than were asked for
        most = max(2, min(_MOST, len(vectors) // 4))
        for count in range(max(2, min(most // 2, len(vectors) // _SIZE)), most + 1):
            found = KMeans(count, n_init=4, random_state=seed).fit(vectors)
            known = len(set(found.labels_.tolist())) > 1
            score = silhouette_score(vectors, found.labels_) if known else -1.0
            if score > best[0]:
                best = (float(score), found)
    return best[1].labels_.astype(np.int64), best[1].cluster_centers_


def _is_word(term: str) -> bool:
    """Whether a term is one word, or two characters of Chinese, of which most words are."""
    return len(term) == 2 if term[0] > "\u3000" else " " not in term


def _pair(one: Mistake) -> str:
    if one.sort == "boundary":
        return localized("errors.boundary_of", label=one.true)
    return f"{one.true or '–'} → {one.said or '–'}"


def named(words: Sequence[set[str]], rows: Sequence[int]) -> list[str]:
    """Words that are far more frequent in some rows than in all others, the most telling first: of those that one in
    twenty of the rows has the ones with the largest likelihood ratio.

    Source: Dunning, Accurate methods for the statistics of surprise and coincidence, 1993.
    """
    everywhere = Counter(word for row in words for word in row)
    here = Counter(word for row in rows for word in words[row])
    often = [word for word, count in here.items() if count >= max(2, _OFTEN * len(rows))]
    ratio = root_ratio(
        np.array([here[word] for word in often]),
        np.array(float(len(rows))),
        np.array([everywhere[word] for word in often]),
        float(len(words)),
    )
    telling = [(root, word) for root, word in zip(ratio.tolist(), often, strict=True) if root >= _TELLING]
    return [word for _, word in sorted(telling, key=lambda one: (-one[0], one[1]))[:_NAMED]]


__all__ = ["LEAST", "clusters", "grouped", "named"]
