"""vocab.txt files that must be refused, each for its own reason."""

from tests.text.tiny import VOCAB

LINES = "".join(f"{token}\n" for token in VOCAB).encode()
N = len(VOCAB)


def lacking(name: str, instead: str) -> bytes:
    """The vocabulary with one of its special tokens spelled otherwise."""
    return LINES.replace(name.encode(), instead.encode())


VOCABULARY: dict[str, tuple[bytes, str]] = {
    # bytes
    "empty": (b"", "empty"),
    "byte_order_mark": (b"\xef\xbb\xbf" + LINES, "byte order mark"),
    "byte_order_mark_alone": (b"\xef\xbb\xbf", "byte order mark"),
    "utf16": (LINES.decode().encode("utf-16"), "not UTF-8"),
    "utf16_without_mark": (LINES.decode().replace("é", "e").encode("utf-16-le"), "not UTF-8|NUL"),
    "utf32": (LINES.decode().encode("utf-32"), "not UTF-8"),
    "latin1": (LINES + "é\n".encode("latin-1"), "not UTF-8"),
    "byte_ff": (LINES + b"\xff\n", "not UTF-8"),
    "overlong_slash": (LINES + b"\xc0\xaf\n", "not UTF-8"),
    "overlong_nul": (LINES + b"\xc0\x80\n", "not UTF-8"),
    "surrogate": (LINES + b"\xed\xa0\x80\n", "not UTF-8"),
    "surrogate_pair": (LINES + b"\xed\xa0\xbd\xed\xb8\x80\n", "not UTF-8"),
    "past_the_last_character": (LINES + b"\xf4\x90\x80\x80\n", "not UTF-8"),
    "character_cut_at_the_end": (LINES + "中".encode()[:2], "not UTF-8"),
    "character_cut_by_a_line_end": (LINES + "中".encode()[:2] + b"\n", "not UTF-8"),
    # line ends and NUL
    "nul_first": (b"\0" + LINES, "NUL character in line 1"),
    "nul_inside": (LINES + b"x\0y\n", f"NUL character in line {N + 1}"),
    "nul_last": (LINES + b"\0", f"NUL character in line {N + 1}"),
    "nul_alone": (bytes(1), "NUL character in line 1"),
    "return_inside": (LINES + b"x\ry\n", f"lone carriage return in line {N + 1}"),
    "return_last": (LINES + b"x\r", f"lone carriage return in line {N + 1}"),
    "return_twice": (LINES + b"x\r\r\n", f"lone carriage return in line {N + 1}"),
    "return_alone": (b"\r", "lone carriage return in line 1"),
    "returns_for_line_ends": (LINES.replace(b"\n", b"\r"), "lone carriage return in line 1"),
    "line_end_turned_round": (LINES.replace(b"\n", b"\n\r"), "lone carriage return in line 2"),
    # sizes
    "rows_2_20_and_one": (b"\n" * ((1 << 20) + 1), "1048577 rows, at most 1048576"),
    "rows_of_numbers": (LINES + b"".join(b"%d\n" % n for n in range(1 << 20)), "rows, at most"),
    "bytes_2_24_and_one": (b"x" * (1 << 24) + b"y", "at most 16777216 are accepted"),
    "more_rows_than_the_table": (LINES + b"".join(b"%d\n" % n for n in range(30)), "37 rows"),
    # tokens that must be there
    "no_unknown": (lacking("[UNK]", "[UNX]"), r"lacks \[UNK\]"),
    "no_first": (lacking("[CLS]", "[CLX]"), r"lacks \[CLS\]"),
    "no_separator": (lacking("[SEP]", "[SEX]"), r"lacks \[SEP\]"),
    "no_padding": (lacking("[PAD]", "[PAX]"), r"lacks \[PAD\]"),
    "padding_and_a_blank": (lacking("[PAD]", "[PAD] "), r"lacks \[PAD\]"),
    "padding_and_a_no_break_space": (lacking("[PAD]", "[PAD]\u00a0"), r"lacks \[PAD\]"),
    "padding_after_a_mark_inside": (lacking("[PAD]", "\u200b[PAD]"), r"lacks \[PAD\]"),
    "unknown_in_small_letters": (lacking("[UNK]", "[unk]"), r"lacks \[UNK\]"),
    "no_special_token": (b"hello\nworld\n", r"lacks \[UNK\], \[CLS\], \[SEP\], \[PAD\]"),
    "empty_line": (b"\n", r"lacks \[UNK\], \[CLS\], \[SEP\], \[PAD\]"),
    "one_line": (LINES.replace(b"\n", b" "), r"lacks \[UNK\]"),
    # other files of this name
    "json": (b'{"[PAD]": 0}', "lacks"),
    "html": (b"<!doctype html><html>rate limited</html>", "lacks"),
    "git_lfs_pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "lacks"),
    "pickle": (b"\x80\x04}\x94.", "not UTF-8"),
}
