"""What a page shows of heads is what the tasks answer."""

import numpy as np
import pytest

from npdistil import (
    FillMask,
    TextClassification,
    TokenClassification,
    Tokenizer,
    TracedModel,
)
from npdistil.explain.record import explained
from npdistil.heads.masked_lm import MaskedLM
from npdistil.heads.sequence_classification import SequenceClassification
from tests.models import TINY, Draw
from tests.tasks.answering.span_models import write_span_model
from tests.tasks.classification.folders import NLI, write_classifier
from tests.tasks.folders import write_model
from tests.tasks.head_folders import write_masked_lm, write_token_classifier
from tests.text.tiny import VOCAB
from tests.trace.traced import make

TEXT = "c [MASK] the unable"


@pytest.mark.parametrize(
    "settings", [{}, {"problem_type": "multi_label_classification"}, {"problem_type": "regression"}]
)
def test_scores_of_a_text(settings, tmp_path):
    """Catches logits shown as they are, labels of other scores, and the worst label first."""
    folder = write_classifier(tmp_path, NLI, **settings)
    found = explained(TracedModel.from_pretrained(folder, "text-classification"), TEXT, "c a")
    answers = TextClassification.from_pretrained(folder, "numpy")(
        {"text": TEXT, "text_pair": "c a"}, top_k=None
    )
    assert [one["label"] for one in found["head_scores"]] == [one["label"] for one in answers]
    for shown, answer in zip(found["head_scores"], answers, strict=True):
        assert abs(shown["score"] - answer["score"]) <= 1e-3 * abs(answer["score"])
    assert found["lens"] is found["token_scores"] is None


def test_scores_of_tokens(tmp_path):
    """Catches another token's labels."""
    folder = write_token_classifier(tmp_path)
    found = explained(TracedModel.from_pretrained(folder, "token-classification"), "the unable c")
    answers = TokenClassification.from_pretrained(folder, "numpy")("the unable c", ignore_labels=[])
    assert len(answers) == 4 and len(found["token_scores"]) == len(found["tokens"]) == 6
    for answer in answers:
        first, *rest = found["token_scores"][answer["index"]]
        assert first["label"] == answer["entity"] and abs(first["score"] - answer["score"]) < 1e-3
        assert first["score"] >= rest[0]["score"] >= rest[-1]["score"]
    assert found["head_scores"] is None


def test_where_an_answer_begins_and_ends(tmp_path):
    """Catches start for end, and a softmax over the two instead of over the tokens."""
    model = TracedModel.from_pretrained(write_span_model(tmp_path), "question-answering")
    found = explained(model, "the c", "unable c a the")
    logit_L2 = model.run_with_cache("the c", "unable c a the").logits[0].astype(np.float64)
    wanted_L2 = np.exp(logit_L2) / np.exp(logit_L2).sum(axis=0)
    shown = [[one["score"] for one in token] for token in found["token_scores"]]
    np.testing.assert_allclose(shown, wanted_L2, rtol=1e-3)
    assert {tuple(one["label"] for one in token) for token in found["token_scores"]} == {
        ("start", "end")
    }


def test_the_lens_ends_where_fill_mask_does(tmp_path):
    """Catches layers in another order, logits for probabilities, and another column's words."""
    folder = write_masked_lm(tmp_path)
    model = TracedModel.from_pretrained(folder, "fill-mask")
    found = explained(model, TEXT)
    lens, tokens = found["lens"], [token["piece"] for token in found["tokens"]]
    assert len(lens) == TINY.num_hidden_layers + 1
    assert {len(words) for state in lens for words in state} == {5}
    assert {len(state) for state in lens} == {len(tokens)}
    answers = FillMask.from_pretrained(folder, "numpy")(TEXT, top_k=5)
    for shown, answer in zip(lens[-1][tokens.index("[MASK]")], answers, strict=True):
        assert shown["label"] == VOCAB[answer["token"]]
        assert abs(shown["score"] - answer["score"]) <= 1e-3 * answer["score"]
    first = [words[0]["label"] for words in lens[0]]
    assert first != [words[0]["label"] for words in lens[-1]]


def test_rows_of_the_table_that_are_no_words():
    """Catches an id behind the vocabulary that is looked up, or shown as a word."""
    draw = Draw(np.random.default_rng(3))
    encoder = make()
    D, rows = TINY.hidden_size, TINY.vocab_size
    decoder_VD, bias_V = draw.array(rows, D), draw.array(rows).copy()
    bias_V[len(VOCAB) :] += 5
    head = MaskedLM(
        encoder.backend.dense(draw.linear(D, D), "gelu"),
        encoder.backend.word_scores(draw.norm(D), decoder_VD, bias_V),
    )
    model = TracedModel(Tokenizer.from_vocab(VOCAB, backend="python"), encoder, head)
    logit_LV = model.run_with_cache(TEXT).logits[0].astype(np.float64)
    share_LV = np.exp(logit_LV - logit_LV.max(axis=1, keepdims=True))
    share_LV /= share_LV.sum(axis=1, keepdims=True)
    assert (share_LV.argmax(axis=1) >= len(VOCAB)).any()
    for words, share_V in zip(explained(model, TEXT)["lens"][-1], share_LV, strict=True):
        best = np.argsort(-share_V[: len(VOCAB)])[:5]
        assert [one["label"] for one in words] == [VOCAB[v] for v in best]
        np.testing.assert_allclose([one["score"] for one in words], share_V[best], rtol=1e-3)


def test_a_head_without_settings(tmp_path):
    """Catches labels that are missing where a model was put together by hand."""
    bare = TracedModel.from_pretrained(write_model(tmp_path))
    layer = Draw(np.random.default_rng(5)).linear(3, TINY.hidden_size)
    head = SequenceClassification((bare.encoder.backend.dense(layer, "identity"),))
    found = explained(TracedModel(bare.tokenizer, bare.encoder, head), TEXT)
    assert {one["label"] for one in found["head_scores"]} == {"LABEL_0", "LABEL_1", "LABEL_2"}
    assert abs(sum(one["score"] for one in found["head_scores"]) - 1) < 1e-3
