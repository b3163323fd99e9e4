"""Derive npdistil/text/unicode_tables.txt from the pinned `tokenizers` library, and nothing else.

    python tools/make_unicode_tables.py            write the tables, print their sha256
    python tools/make_unicode_tables.py --check    exit 1 unless the committed bytes are the derived
    python tools/make_unicode_tables.py --verify   compare with ours over all of Unicode (35 s);
                                                   --every-setting: 12 settings, not 2 (4 min)

Python's `unicodedata` is never asked: the library mixes Unicode versions (8 for categories, 9 for
decompositions, a newer one for lower case), and only its own answers are the truth here.
"""

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, models, normalizers, pre_tokenizers

TARGET = Path(__file__).parent.parent / "npdistil" / "text" / "unicode_tables.txt"
PINNED = "0.23.3"
# Every Unicode scalar value: all code points but the surrogates.
SCALARS = [*range(0xD800), *range(0xE000, 0x110000)]
# Stands between two probed characters. Nothing decomposes to it, lowers to it or is split by it.
FENCE = "1"
CHUNK = 4096
WORD_CHUNK = 64  # the library looks at all text before a token
HANGUL = range(0xAC00, 0xD7A4)
# Two marks of the lowest and the highest class there is (1 and 240): between them they reveal
# whether a character takes part in canonical reordering at all.
LOWEST_MARK, HIGHEST_MARK = "\u0334", "\u0345"


def bert(**flags: bool) -> normalizers.BertNormalizer:
    """A BertNormalizer with exactly one of its four steps switched on."""
    steps = {"clean_text", "handle_chinese_chars", "strip_accents", "lowercase"}
    return normalizers.BertNormalizer(**{step: flags.get(step, False) for step in steps})


def probe(normalize: Callable[[str], str]) -> dict[int, str]:
    """The answer of a normaliser for every scalar value by itself."""
    answers = {ord(FENCE): normalize(FENCE)}
    rest = [code for code in SCALARS if code != ord(FENCE)]
    for start in range(0, len(rest), CHUNK):
        codes = rest[start : start + CHUNK]
        fenced = FENCE + FENCE.join(map(chr, codes)) + FENCE
        parts = normalize(fenced).split(FENCE)
        if len(parts) != len(codes) + 2:
            raise AssertionError(f"the fence was not kept from U+{codes[0]:04X} on")
        answers.update(zip(codes, parts[1:-1], strict=True))
    return answers


def pre_token_classes() -> tuple[list[int], list[int]]:
    """Code points that BertPreTokenizer drops (white space) and isolates (punctuation)."""
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    white, punctuation = [], []
    rest = [code for code in SCALARS if code != ord(FENCE)]
    for start in range(0, len(rest), CHUNK):
        codes = rest[start : start + CHUNK]
        pieces = {span[0]: span for _, span in split(FENCE + FENCE.join(map(chr, codes)) + FENCE)}
        for index, code in enumerate(codes):
            place = 2 * index + 1
            if pieces.get(place) == (place, place + 1):
                punctuation.append(code)
            elif place + 1 in pieces:  # the fence behind it begins a new piece
                white.append(code)
    return white, punctuation


def word_characters() -> list[int]:
    """Code points beside which a `single_word` token is not one: \\w of the library's regex."""
    tokenizer = tokenizers.Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("<w>", single_word=True, normalized=False)])
    word_id = tokenizer.token_to_id("<w>")
    found = []
    for first in range(0, len(SCALARS), WORD_CHUNK):
        codes = SCALARS[first : first + WORD_CHUNK]
        text = "".join(f"{chr(code)}<w>\n" for code in codes)
        encoding = tokenizer.encode(text, add_special_tokens=False)
        spans = zip(encoding.ids, encoding.offsets, strict=True)
        alone = {start for token_id, (start, _) in spans if token_id == word_id}
        found += [code for index, code in enumerate(codes) if 5 * index + 1 not in alone]
    return found


def class_ranks(nfd: Callable[[str], str]) -> dict[int, int]:
    """Rank 1, 2, ... of the canonical combining class of every character that reorders.

    Only the order of the classes matters for a stable sort, and the order is what can be seen:
    two marks change places exactly if the class of the second is lower and neither is 0.
    """

    def precedes(first: str, second: str) -> bool:
        return nfd(FENCE + second + first) == FENCE + first + second

    whole = probe(nfd)
    fixed = [chr(code) for code in SCALARS if whole[code] == chr(code)]
    behind = probe_pairs(nfd, fixed, lambda mark: HIGHEST_MARK + mark)
    before = probe_pairs(nfd, fixed, lambda mark: mark + LOWEST_MARK)
    marks = [mark for mark in fixed if mark in behind or mark in before]
    marks += [mark for mark in (LOWEST_MARK, HIGHEST_MARK) if mark not in marks]
    classes: list[list[str]] = []
    for mark in marks:
        low, high = 0, len(classes)
        while low < high:
            middle = (low + high) // 2
            if precedes(classes[middle][0], mark):
                low = middle + 1
            else:
                high = middle
        if low < len(classes) and not precedes(mark, classes[low][0]):
            classes[low].append(mark)
        else:
            classes.insert(low, [mark])
    return {ord(mark): rank for rank, group in enumerate(classes, 1) for mark in group}


def probe_pairs(
    nfd: Callable[[str], str], marks: list[str], pair: Callable[[str], str]
) -> set[str]:
    """The characters whose pair comes back in another order (neither half decomposes)."""
    moved = set()
    rest = [mark for mark in marks if mark != FENCE]
    for start in range(0, len(rest), CHUNK):
        chunk = rest[start : start + CHUNK]
        parts = nfd(FENCE + FENCE.join(map(pair, chunk)) + FENCE).split(FENCE)[1:-1]
        moved |= {mark for mark, part in zip(chunk, parts, strict=True) if part != pair(mark)}
    return moved


def hangul_jamo(code: int) -> str:
    """The arithmetic decomposition of a Hangul syllable (The Unicode Standard, section 3.12)."""
    index = code - HANGUL.start
    lead, vowel, tail = index // 588, index % 588 // 28, index % 28
    return chr(0x1100 + lead) + chr(0x1161 + vowel) + (chr(0x11A7 + tail) if tail else "")


def as_ranges(codes: list[int]) -> Iterator[tuple[int, int]]:
    """Maximal runs of neighbours, both ends included."""
    codes = sorted(codes)
    start = previous = codes[0]
    for code in [*codes[1:], -1]:
        if code != previous + 1:
            yield start, previous
            start = code
        previous = code


def ranges_line(name: str, codes: list[int]) -> str:
    """`name count first-last first-last ...` in hexadecimal."""
    shown = (f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in as_ranges(codes))
    return f"{name} {len(codes)} {' '.join(shown)}"


def mapping_line(name: str, mapping: dict[int, str]) -> str:
    """`name count from=to+to ...` in hexadecimal."""
    shown = (
        f"{code:X}={'+'.join(f'{ord(char):X}' for char in mapping[code])}"
        for code in sorted(mapping)
    )
    return f"{name} {len(mapping)} {' '.join(shown)}"


def derive() -> bytes:
    """The whole file."""
    cleaned = probe(bert(clean_text=True).normalize_str)
    spaced = probe(bert(handle_chinese_chars=True).normalize_str)
    stripped = probe(bert(strip_accents=True).normalize_str)
    lowered = probe(bert(lowercase=True).normalize_str)
    nfd = normalizers.NFD().normalize_str
    decomposed = probe(nfd)
    white, punctuation = pre_token_classes()
    for code in HANGUL:
        if decomposed[code] != hangul_jamo(code):
            raise AssertionError(f"U+{code:04X} does not decompose by arithmetic")
    changed = [code for code in SCALARS if cleaned[code] not in ("", chr(code))]
    if any(cleaned[code] != " " for code in changed):
        raise AssertionError("clean_text turns something into neither nothing nor a space")
    ranks = class_ranks(nfd)
    lines = [
        f"# Unicode as tokenizers {PINNED} sees it; written by tools/make_unicode_tables.py.",
        ranges_line("deleted", [code for code in SCALARS if cleaned[code] == ""]),
        ranges_line("to_space", changed),
        ranges_line("cjk", [code for code in SCALARS if spaced[code] != chr(code)]),
        ranges_line(
            "stripped",
            [code for code in SCALARS if decomposed[code] == chr(code) and stripped[code] == ""],
        ),
        ranges_line("white_space", white),
        ranges_line("punctuation", punctuation),
        ranges_line("word", word_characters()),
        *(
            ranges_line(f"rank{rank}", [code for code in ranks if ranks[code] == rank])
            for rank in range(1, max(ranks.values()) + 1)
        ),
        mapping_line(
            "decompose",
            {
                code: decomposed[code]
                for code in SCALARS
                if decomposed[code] != chr(code) and code not in HANGUL
            },
        ),
        mapping_line(
            "lower", {code: lowered[code] for code in SCALARS if lowered[code] != chr(code)}
        ),
    ]
    return ("\n".join(lines) + "\n").encode("ascii")


def verify(every_setting: bool) -> int:
    """Compare with the library over all scalar values as "a" + c + "b"; return the mismatches.

    The normalised text and its words must be equal, for the uncased and cased presets or for
    every combination of do_lower_case, strip_accents and tokenize_chinese_chars.
    """
    sys.path.insert(0, str(TARGET.parent.parent.parent))
    from npdistil.text.aligned import AlignedText
    from npdistil.text.normalize import Normalizer
    from npdistil.text.split import split_words

    theirs_split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    total = 0
    presets = [(True, None, True), (False, None, True)]
    for settings in product((True, False), (None, True, False), (True, False)):
        if not every_setting and settings not in presets:
            continue
        lower, strip, chinese = settings
        ours = Normalizer(
            clean_text=True,
            tokenize_chinese_chars=chinese,
            strip_accents=strip,
            do_lower_case=lower,
        )
        theirs = normalizers.BertNormalizer(
            clean_text=True, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
        ).normalize_str
        wrong = 0
        for code in SCALARS:
            text = f"a{chr(code)}b"
            mine = ours(AlignedText.of(text)).text
            answer = theirs(text)
            words = [mine[start:end] for start, end in split_words(mine)]
            wrong += mine != answer or words != [word for word, _ in theirs_split(answer)]
        print(
            f"do_lower_case={lower} strip_accents={strip} tokenize_chinese_chars={chinese}: "
            f"{len(SCALARS):,} scalar values compared, {wrong:,} different",
            flush=True,
        )
        total += wrong
    return total


def main() -> int:
    """Write, or check, or verify."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with the committed file")
    parser.add_argument("--verify", action="store_true", help="compare over all of Unicode")
    parser.add_argument("--every-setting", action="store_true", help="verify 12 settings, not 2")
    arguments = parser.parse_args()
    if tokenizers.__version__ != PINNED:
        print(f"tokenizers {tokenizers.__version__} is installed, {PINNED} is pinned.")
        return 1
    if arguments.verify:
        return 1 if verify(arguments.every_setting) else 0
    content = derive()
    digest = hashlib.sha256(content).hexdigest()
    if arguments.check:
        same = TARGET.read_bytes() == content
        print(f"{TARGET.name}: {'as derived' if same else 'DIFFERS from what is derived'}")
        return 0 if same else 1
    TARGET.write_bytes(content)
    print(f"{TARGET.name}: {len(content):,} bytes, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
