"""What the answers of chapter 5 must do; each message says which thought is missing."""

import numpy as np
from expected import IDS, WEIGHTS, expect

from npdistil import Encoder, Tokenizer
from npdistil.checkpoint.load import load_encoder
from npdistil.reference import forward, pooling


def check_mean_pool(mean_pool):
    """One text with padding of its own values, one without, then two of the model's."""
    hidden_BLD = np.array([[[2.0, 4.0], [4.0, 8.0], [90.0, 70.0]], [[3.0, 0.0]] * 3])
    hidden_BLD[1, 2] = [9.0, 6.0]
    mask_BL = np.array([[1, 1, 0], [1, 1, 1]])
    found = mean_pool(hidden_BLD[:1], mask_BL[:1])
    hint = "the last row is padding, [90, 70], and must not count"
    assert np.ndim(found) == 2 and np.max(found) < 20, f"mean_pool gave {found}: {hint}"
    exact = np.array([[3.0, 6.0], [5.0, 2.0]])
    hint = "the mean of all its rows is a text's sum divided by its own number of tokens"
    expect("mean_pool", mean_pool(hidden_BLD, mask_BL), exact, hint)

    batch = Tokenizer.from_pretrained(WEIGHTS, backend="python")(
        ["By the river.", "He sat down by the old river bank."], padding=True
    )
    encoder = Encoder.from_pretrained(WEIGHTS, backend="numpy", dtype="float64")
    hidden_BLD = encoder(**batch).last_hidden_state
    mask_BL = np.asarray(batch["attention_mask"])
    spans = np.array([0, *np.cumsum(mask_BL.sum(axis=1))])
    exact = pooling.pool_mean(hidden_BLD[mask_BL == 1], spans)
    # A padded row of a real engine need not be zero.
    hidden_BLD = np.where(mask_BL[:, :, None] == 1, hidden_BLD, 7.0)
    expect("mean_pool, of the model's rows,", mean_pool(hidden_BLD, mask_BL), exact, hint)


def check_words_at_masks(words_at_masks):
    """Four words, then masks at two places."""
    word_VD = np.array([[1.0, 0.0], [0.0, 1.0], [3.0, -1.5], [0.0, -1.0]])
    bias_V = np.array([-9.0, 0.0, -9.0, 0.0])
    row_LD = np.array([[9.0, 0.0], [1.0, 0.6], [0.0, 3.0]])

    none_V = np.zeros(4)

    def expect_words(expected, hint, ids, mask_id, bias_V=none_V, row_LD=row_LD):
        found = words_at_masks(row_LD, np.array(ids), mask_id, word_VD, bias_V)
        assert [*np.ravel(found)] == expected, (
            f"words_at_masks gave {found!r}, expected {expected}: {hint}"
        )

    hint = "the word [3, -1.5] wins; take dot products with words as long as they are"
    expect_words([2], hint, [1, 3, 2], 3)
    expect_words([1], "read the mask's own row, here the last one", [1, 3, 2], 2)
    expect_words([1], "add each word's bias, by which a word may lose", [1, 3, 2], 3, bias_V)
    hint = "one id for each [MASK], in the order of the text"
    expect_words([1, 2], hint, [7, 0, 7], 7, row_LD=row_LD[::-1])


def check_restart_with(restart_with):
    """Layers that can be told apart, then those of the model."""
    layers = [lambda x: x + 1, lambda x: x * 10, lambda x: x + x.sum(axis=0)]
    states = [np.array([[0.0, 1.0], [2.0, 3.0]])]
    for layer in layers:
        states.append(layer(states[-1]))
    kept = [state.copy() for state in states]
    donor_D = np.array([5.0, 6.0])
    hint = "the row is put behind layer n, into states[n + 1], and the next to run is layers[n + 1]"
    found = restart_with(layers, states, 0, 1, donor_D)
    expect("restart_with", found, np.array([[70.0, 100.0], [110.0, 140.0]]), hint)
    same = all(np.array_equal(a, b) for a, b in zip(states, kept, strict=True))
    assert same, "restart_with changed a state that others read: work on a copy"
    found = restart_with(layers, states, 2, 0, donor_D)
    expect("restart_with, n the last layer,", found, np.array([[5.0, 6.0], kept[3][1]]), hint)

    config, params = load_encoder(WEIGHTS, np.float64)
    spans = np.array([0, len(IDS)])

    def layer_of(n):
        part = params.layers[n]
        return lambda x_LD: forward.transformer_layer(x_LD, spans, part, config)[0]

    layers = [layer_of(n) for n in range(config.num_hidden_layers)]
    states = [forward.embed(IDS, 0 * IDS, np.arange(len(IDS)), params, config)]
    for layer in layers:
        states.append(layer(states[-1]))
    donor_D = states[2][0]
    changed = states[4].copy()
    changed[5] = donor_D
    exact = layers[5](layers[4](changed))
    found = restart_with(layers, states, 3, 5, donor_D)
    expect("restart_with, of the model's layers,", found, exact, hint)
