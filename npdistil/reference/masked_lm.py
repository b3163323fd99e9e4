"""Which word stands behind a mask: one score for each word of the vocabulary.

Before it stand `forward.dense` and `forward.layer_norm`, which make of a hidden row something that
looks like a word's embedding. Only the rows of masked tokens come here: no other row has a say.
"""

from ..dims import Floats


def score_words(x_MD: Floats, word_VD: Floats, bias_V: Floats) -> Floats:
    """How well each row fits each word: x W^T + b.

    Mostly W is the table of embeddings itself, so that words are read and written alike.

    Source: Press and Wolf 2017, arXiv:1608.05859, section 3, for the table that serves at both
    ends; google-research/bert, run_pretraining.py, get_masked_lm_output, for the rest.
    """
    return x_MD @ word_VD.T + bias_V
