"""Chapter 1, text to ids. Write the three functions, then run: python docs/book/check.py 1"""


def longest_match(word, vocabulary):
    """Cut a word into pieces, each the longest that the vocabulary has. Returns a list.

    Begin at the left and go on behind each piece. A piece that does not begin the word is looked
    up, and returned, with "##" before it. If no piece fits somewhere, the answer is ["[UNK]"].

    With the set {"un", "##able", "##a"}, "unable" is ["un", "##able"].
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def strip_accents(text):
    """Take the accents off: "naïve" becomes "naive", and "Αθήνα" becomes "Αθηνα".

    Python's unicodedata has what you need: normalize("NFD", text) parts a letter from its marks,
    and category(character) is "Mn" for a mark that sits on a letter. Change nothing else.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def find_offsets(text, pieces):
    """Where in the text does each piece stand? Returns a list of (start, end).

    The characters of a piece are text[start:end]. The text may have capitals and spaces, and no
    accents; its pieces are in lower case and in order, with "##" where they go on a word.

    "My embeds" with ["my", "em", "##bed", "##s"] gives [(0, 2), (3, 5), (5, 8), (8, 9)].
    """
    raise NotImplementedError  # yours to write; until then check.py says so
