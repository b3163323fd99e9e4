"""`TextEmbedder` in scikit-learn's own checks, pipelines and searches."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks

from npdistil import InputError, ModelFileError, SentenceEncoder
from npdistil.sklearn import TextEmbedder

TEXTS = ["good", "very good film", "a fine story", "bad", "very bad film", "an awful story"] * 3
LABELS = [1, 1, 1, 0, 0, 0] * 3

# Those of `_yield_all_checks` that feed no numbers: scikit-learn itself has none for texts.
CHECKS = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
)


@pytest.fixture
def embedder(minilm_folder):
    return TextEmbedder(str(minilm_folder))


@pytest.mark.parametrize("check", CHECKS)
def test_estimator_checks(check):
    """Catches a constructor that does more than store, and mixins in the wrong order."""
    getattr(estimator_checks, check)("TextEmbedder", TextEmbedder())


def test_vectors(embedder, minilm_folder):
    """Catches other vectors than `encode` makes, and a table taken for texts."""
    encoder = SentenceEncoder.from_pretrained(minilm_folder)
    wanted = encoder.encode(TEXTS)
    assert embedder.fit(TEXTS, LABELS) is embedder
    for X in (TEXTS, tuple(TEXTS), np.array(TEXTS), np.array(TEXTS, object), pd.Series(TEXTS)):
        np.testing.assert_array_equal(embedder.transform(X), wanted)
        np.testing.assert_array_equal(clone(embedder).fit_transform(X), wanted)
    prompted = TextEmbedder(str(minilm_folder), prompt="query: ", batch_size=1)
    np.testing.assert_array_equal(prompted.transform(["a"]), encoder.encode(["query: a"]))
    tables = np.array([TEXTS]), pd.DataFrame({"a": TEXTS}), {"a": "b"}
    for X in ("text", *tables, None, 5, minilm_folder / "vocab.txt"):
        with pytest.raises(InputError, match="X: expected a column of texts"):
            embedder.transform(X)
    with pytest.raises(InputError, match=r"^X\[1\]: expected a str, received int"):
        embedder.transform(["a", 3])


def test_names_and_set_output(embedder):
    """Catches a DataFrame that loses its rows' names, or columns without names."""
    names = embedder.get_feature_names_out()
    assert (len(names), names[0], names[-1]) == (384, "textembedder0", "textembedder383")
    plain = embedder.transform(TEXTS)
    series = pd.Series(TEXTS, index=range(5, 5 + len(TEXTS)))
    frame = embedder.set_output(transform="pandas").transform(series)
    assert list(frame.columns) == list(names) and list(frame.index) == list(series.index)
    np.testing.assert_array_equal(frame.to_numpy(), plain)


def test_clones_and_pickles_carry_parameters_alone(embedder):
    """Catches 90 MB of weights in a pickle, and a model that set_params does not change."""
    vectors = embedder.transform(TEXTS)
    content = pickle.dumps(embedder)
    assert len(content) < 1000
    again = pickle.loads(content)
    assert again.get_params() == embedder.get_params() == clone(embedder).get_params()
    np.testing.assert_array_equal(again.transform(TEXTS), vectors)
    np.testing.assert_array_equal(
        again.set_params(prompt="x").transform(["y"]), embedder.transform(["xy"])
    )
    with pytest.raises(ModelFileError):
        again.set_params(model="no/such/folder").transform(["y"])


def test_pipeline_and_grid_search(embedder):
    """Catches an embedder that a search over its own parameters cannot copy."""
    steps = make_pipeline(embedder, LogisticRegression(C=10.0))
    assert steps.fit(TEXTS, LABELS).score(TEXTS, LABELS) == 1.0
    assert steps.predict(["a good one", "an awful one"]).tolist() == [1, 0]
    assert pickle.loads(pickle.dumps(steps)).predict(["a good one"]).tolist() == [1]
    grid = {"textembedder__prompt": [None, "film: "], "logisticregression__C": [0.1, 10.0]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = GridSearchCV(steps, grid, cv=2, error_score="raise").fit(TEXTS, LABELS)
    assert found.best_score_ == 1.0 and len(found.cv_results_["params"]) == 4


def test_a_column_of_a_table(embedder):
    """Catches an embedder that is of no use beside other columns."""
    frame = pd.DataFrame({"review": TEXTS, "stars": np.arange(len(TEXTS))})
    columns = ColumnTransformer([("text", embedder, "review")], remainder="passthrough")
    found = columns.fit_transform(frame)
    np.testing.assert_array_equal(found[:, :-1].astype(np.float32), embedder.transform(TEXTS))
    assert columns.get_feature_names_out()[-2:].tolist() == [
        "text__textembedder383",
        "remainder__stars",
    ]
