"""Chapter 3, an attention head. Write three functions, then run: python docs/book/check.py 3"""


def attention_scores(query_LK, key_MK):
    """How well each key answers each query: dot products over the root of K. Returns [L, M].

    Row l belongs to query l, column m to key m.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def softmax(score_LM):
    """exp(score) / sum(exp(score)) within each row. Returns [L, M], rows that sum to 1.

    Scores of any size must work: exp(1000) is too large for a float, exp(0) is not.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def attend(prob_HLM, value_MD):
    """Mix the values by the probabilities, head by head. Returns [L, D].

    There are H heads. Head h owns the columns h * K up to (h + 1) * K of the values, with
    K = D // H, and writes into the same columns of the result.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
