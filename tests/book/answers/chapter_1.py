"""Answers to chapter 1, and what readers typically write first: WRONG says what they are told."""

import unicodedata


def longest_match(word, vocabulary, prefix="##", order=reversed):
    pieces, start = [], 0
    while start < len(word):
        for end in order(range(start + 1, len(word) + 1)):
            piece = (prefix if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return ["[UNK]"]
        pieces.append(piece)
        start = end
    return pieces


def shortest_first(word, vocabulary):
    return longest_match(word, vocabulary, order=iter)


def without_prefix(word, vocabulary):
    return longest_match(word, vocabulary, prefix="")


def unknown_in_part(word, vocabulary):
    pieces, start = [], 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = ("##" if start else "") + word[start:end]
            if piece in vocabulary:
                break
        else:
            return [*pieces, "[UNK]"]
        pieces.append(piece)
        start = end
    return pieces


def strip_accents(text):
    parted = unicodedata.normalize("NFD", text)
    return "".join(char for char in parted if unicodedata.category(char) != "Mn")


def ascii_alone(text):
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()


def parted_by_looks(text):
    parted = unicodedata.normalize("NFKD", text)
    return "".join(char for char in parted if unicodedata.category(char) != "Mn")


def not_parted(text):
    return "".join(char for char in text if unicodedata.category(char) != "Mn")


def all_marks(text):
    parted = unicodedata.normalize("NFD", text)
    return "".join(char for char in parted if unicodedata.category(char)[0] != "M")


def find_offsets(text, pieces):
    found, end = [], 0
    for piece in pieces:
        letters = piece.removeprefix("##")
        start = text.lower().index(letters, end)
        end = start + len(letters)
        found.append((start, end))
    return found


def from_the_beginning(text, pieces):
    letters = [piece.removeprefix("##") for piece in pieces]
    starts = [text.lower().index(part) for part in letters]
    return [(start, start + len(part)) for start, part in zip(starts, letters, strict=True)]


def with_the_prefix(text, pieces):
    found, end = [], 0
    for piece in pieces:
        while text[end : end + 1] == " ":
            end += 1
        found.append((end, end + len(piece)))
        end += len(piece)
    return found


def last_included(text, pieces):
    return [(start, end - 1) for start, end in find_offsets(text, pieces)]


def one_space(text, pieces):
    found, end = [], -1
    for piece in pieces:
        start = end if piece.startswith("##") else end + 1
        end = start + len(piece.removeprefix("##"))
        found.append((start, end))
    return found


WRONG = {
    "longest_match": {
        shortest_first: "long pieces before short",
        without_prefix: 'looked up with "##"',
        unknown_in_part: "[UNK] as a whole",
    },
    "strip_accents": {
        ascii_alone: "other alphabets stay",
        parted_by_looks: "use NFD",
        not_parted: "part letter and mark",
        all_marks: "only marks of category Mn",
    },
    "find_offsets": {
        from_the_beginning: "behind the piece before",
        with_the_prefix: '"##" is not in the text',
        last_included: "the end behind the last",
        one_space: "several spaces",
    },
}
