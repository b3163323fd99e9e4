"""Chapter 5, encoder and heads. Write the three functions, then run: python docs/book/check.py 5"""


def mean_pool(hidden_BLD, attention_mask_BL):
    """The mean of each text's own rows. Returns [B, D].

    Where the mask is 0 there is padding, whose row does not count. Every text has a token.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def words_at_masks(hidden_LD, input_ids_L, mask_id, word_VD, bias_V):
    """The best word for each token that is [MASK], by a tied decoder. Returns ids, [M].

    A word's score is the dot product of the token's row with the word's embedding, plus the word's
    bias. M is the number of tokens whose id is mask_id, in the order of the text.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def restart_with(layers, states, n, position, donor_D):
    """What the last layer gives if one token's row is another's behind layer n. Returns [L, D].

    `layers` are functions [L, D] -> [L, D], numbered from 0. states[0] are the embeddings, and
    states[k + 1] is what layer k made of states[k]. Leave the states as they are: others read them.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
