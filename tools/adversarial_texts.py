"""Texts on which tokenizers are known to be slow: a part that is repeated, by family."""

FAMILIES = {
    "full stops": ".",
    "spaces": " ",
    "one endless word": "a",
    "one endless word of pieces": "ing",
    "words of 100 letters": "ab" * 50 + " ",
    "words of 101 letters": "b" * 101 + " ",
    "words that fail at their end": "unaffable" * 10 + "\u3042 ",
    "ideographs": "\u4e2d",
    "compatibility ideographs": "\uf900",
    "hangul": "\ud55c",
    "jamo": "\u1112\u1161\u11ab",
    "marks of one class": "\u0301",
    "marks of two classes in turn": "\u0301\u0323",
    "surviving marks in turn": "\u08d4\u08e3",
    "decomposing marks": "\u0f73\u0344",
    "zalgo": "a\u0301\u0323\u0334\u0345\u035c ",
    "growing letters": "\u0130",
    "ligatures": "\ufdfa",
    "controls": "\x00\x85",
    "replacement characters": "\ufffd",
    "joiners": "\u200d",
    "emoji chains": "\U0001f468\u200d\U0001f469\u200d\U0001f467\ufe0f ",
    "right-to-left marks": "\u200f\u05d0\u202e",
    "special tokens": "[MASK]",
    "beginnings of special tokens": "[MASK[",
}


def text_of(family: str, characters: int) -> str:
    """At least so many characters of a family."""
    part = FAMILIES[family]
    return part * -(-characters // len(part))
