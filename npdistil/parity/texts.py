"""The texts that two implementations compute where nobody names others."""

# Each is there for mistakes that the others would not show. Together they are short: one batch of
# them is computed four times, and every activation is kept.
DEFAULT_TEXTS = (
    "Hi",  # nearly all padding beside the long text: a mask that is forgotten
    "The Quick Brown Fox JUMPS over the lazy dog.",  # lower-casing
    "Café Müller à São Paulo: naïve façade, Ångström.",  # accents, also without lower case
    "Unbelievable! It isn't (re)tokenised, is it? $3.50, 20 %, e-mail@example.org",
    "東京 is the capital of 日本; Москва and Αθήνα are others.",  # ideographs are words
    "A volcano may tremble for days before it erupts, and the people who live on its slopes have "
    "learned to listen. " * 7,  # more than 128 tokens, and fewer than 256: a length that was cut
)
