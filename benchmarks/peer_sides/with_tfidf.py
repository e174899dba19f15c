"""scikit-learn: TF-IDF of words and of characters, a logistic regression, its strength chosen by cross-validation."""

from __future__ import annotations

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline, make_union

from asked import Asked, answer

STRENGTHS = (1.0, 4.0, 16.0, 64.0)
FOLDS = 3


def learn(asked: Asked) -> list[str]:
    """Words and characters for English, characters for Chinese."""
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3) if asked.chinese else (2, 4), sublinear_tf=True)
    parts = [characters] if asked.chinese else [TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), characters]
    line = make_pipeline(make_union(*parts), LogisticRegression(max_iter=1000))
    search = GridSearchCV(line, {"logisticregression__C": STRENGTHS}, cv=FOLDS)
    return list(map(str, search.fit(asked.texts, asked.labels).predict(asked.asked)))


if __name__ == "__main__":
    answer(learn, "scikit-learn")
