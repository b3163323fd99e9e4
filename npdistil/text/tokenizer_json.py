"""The strict reading of tokenizer.json: BERT's components, and an error that names any other."""

from pathlib import Path
from typing import Any

from ..errors import TokenizerError
from ..fields import Fields
from ..files import json_object
from ..named_tuple import NamedTuple
from .special import AddedToken
from .vocab import MAX_VOCAB_ROWS, are_tokens, check_row_count, check_token

MAX_INPUT_CHARS = 1 << 16
MAX_LENGTH = (1 << 63) - 1
TRUNCATION_STRATEGIES = ("LongestFirst", "OnlyFirst", "OnlySecond")
ROOT_NAMES = frozenset(
    "version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder "
    "model".split()
)


class TokenizerJson(NamedTuple):
    """What the file says, as the `tokenizers` library would read it."""

    vocab: dict[str, int]
    unk_token: str
    continuing_subword_prefix: str
    max_input_chars_per_word: int
    clean_text: bool
    tokenize_chinese_chars: bool
    strip_accents: bool | None
    do_lower_case: bool
    added_tokens: tuple[AddedToken, ...]
    cls_token: str
    sep_token: str
    decoder_cleanup: bool
    padding_side: str | None  # from the padding block; its other fields are the caller's business
    truncation_side: str | None  # likewise


def parse_tokenizer_json(content: bytes | bytearray, path: Path) -> TokenizerJson:
    """Parse a WordPiece tokenizer.json; `path` names it in messages.

    Raises:
        TokenizerError: unreadable, malformed, contradicting itself, or with a component that is
            not built (the message names it).
    """
    value = json_object(content, path, TokenizerError)
    root = Fields(value, str(path), TokenizerError).known(ROOT_NAMES)
    model = root.object("model").known(
        ("type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab")
    )
    model.choice("type", ("WordPiece",), default="WordPiece")  # old files leave it out
    normalizer = root.object("normalizer").known(
        ("type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase")
    )
    normalizer.choice("type", ("BertNormalizer",))
    root.object("pre_tokenizer").known(("type",)).choice("type", ("BertPreTokenizer",))
    prefix = model.text("continuing_subword_prefix", "##")
    vocab = _vocab(model.object("vocab"))
    cls_token, sep_token = _template(root.object("post_processor"), vocab)
    return TokenizerJson(
        vocab=vocab,
        unk_token=model.text("unk_token", "[UNK]"),
        continuing_subword_prefix=prefix,
        max_input_chars_per_word=model.integer("max_input_chars_per_word", 1, MAX_INPUT_CHARS, 100),
        clean_text=normalizer.flag("clean_text", True),
        tokenize_chinese_chars=normalizer.flag("handle_chinese_chars", True),
        strip_accents=normalizer.optional_flag("strip_accents"),
        do_lower_case=normalizer.flag("lowercase", True),
        added_tokens=_added_tokens(root),
        cls_token=cls_token,
        sep_token=sep_token,
        decoder_cleanup=_decoder_cleanup(root, prefix),
        padding_side=_direction(root, "padding"),
        truncation_side=_direction(root, "truncation"),
    )


def added_token(token: Fields, token_id: int) -> AddedToken:
    """One entry of added_tokens or added_tokens_decoder.

    Raises:
        TokenizerError: malformed, or white space that is to take the white space before it.
    """
    token.known(("id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"))
    content = token.text("content")
    check_token(content, f"{token.where}: content")
    if not content:
        raise token.fail("content", "an added token must not be empty.")
    special = token.flag("special", False)
    rules = {rule: token.flag(rule, False) for rule in ("single_word", "lstrip", "rstrip")}
    if rules["lstrip"] and content.isspace():
        raise token.fail("lstrip", f"true for {content[:40]!r}, which is white space itself.")
    return AddedToken(
        content=content,
        id=token_id,
        special=special,
        normalized=token.flag("normalized", not special),
        **rules,
    )


def _vocab(vocab: Fields) -> dict[str, int]:
    check_row_count(len(vocab.value), vocab.where)
    ids = vocab.value.values()
    # In one go what the loop below finds out token by token, which says what is wrong.
    if (
        vocab.value
        and are_tokens(vocab.value.keys())
        and set(map(type, ids)) == {int}
        and 0 <= min(ids) <= max(ids) < MAX_VOCAB_ROWS
        and len(set(ids)) == len(ids)
    ):
        return vocab.value
    owners: dict[int, str] = {}
    for token in vocab.value:
        check_token(token, vocab.where)
        token_id = vocab.integer(token, 0, MAX_VOCAB_ROWS - 1)
        if token_id in owners:
            raise vocab.fail(f"{token[:40]!r}", f"id {token_id} is {owners[token_id][:40]!r} too.")
        owners[token_id] = token
    if not owners:
        raise TokenizerError(f"{vocab.where}: the vocabulary is empty.")
    return vocab.value


def _added_tokens(root: Fields) -> tuple[AddedToken, ...]:
    entries = root.value.get("added_tokens", [])
    if not isinstance(entries, list):
        raise root.fail("added_tokens", "expected an array.")
    tokens = []
    for index, entry in enumerate(entries):
        token = root.inside(entry, f"added_tokens[{index}]")
        tokens.append(added_token(token, token.integer("id", 0, MAX_VOCAB_ROWS - 1)))
    return tuple(tokens)


def _template(processor: Fields, vocab: dict[str, int]) -> tuple[str, str]:
    """The tokens around the texts; only [CLS] A [SEP] and [CLS] A [SEP] B [SEP] are built."""
    kind = processor.choice("type", ("TemplateProcessing", "BertProcessing"))
    if kind == "BertProcessing":
        processor.known(("type", "sep", "cls"))
        named = {}
        for role in ("cls", "sep"):
            value = processor.value.get(role)
            if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], str):
                raise processor.fail(role, 'expected ["token", id].')
            named[role] = value[0]
            _check_id(processor, value[0], value[1], vocab)
        return named["cls"], named["sep"]
    processor.known(("type", "single", "pair", "special_tokens"))
    pair: Any = processor.value.get("pair")  # whatever it is: what does not fit raises below
    try:
        cls_token = str(pair[0]["SpecialToken"]["id"])
        sep_token = str(pair[2]["SpecialToken"]["id"])
    except (TypeError, KeyError, IndexError):
        raise processor.fail("pair", "expected BERT's [CLS] A [SEP] B [SEP].") from None
    single = [_piece(cls_token, 0), _text("A", 0), _piece(sep_token, 0)]
    for name, built in (
        ("single", single),
        ("pair", [*single, _text("B", 1), _piece(sep_token, 1)]),
    ):
        if processor.value.get(name) != built:
            raise processor.fail(
                name, "only BERT's [CLS] A [SEP] with type 0 and B [SEP] with type 1 are built."
            )
    tokens = processor.object("special_tokens")
    for token in (cls_token, sep_token):
        entry = tokens.object(token)
        ids = entry.value.get("ids")
        if not isinstance(ids, list) or len(ids) != 1:
            raise entry.fail("ids", "expected exactly one id.")
        _check_id(entry, token, ids[0], vocab)
    return cls_token, sep_token


def _check_id(where: Fields, token: str, stated: object, vocab: dict[str, int]) -> None:
    if type(stated) is not int or stated != vocab.get(token, stated):
        raise where.fail(
            f"{token[:40]!r}", f"id {stated!r:.40}, but the vocabulary says {vocab.get(token)}."
        )


def _piece(token: str, type_id: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": type_id}}


def _text(name: str, type_id: int) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": type_id}}


def _decoder_cleanup(root: Fields, prefix: str) -> bool:
    if root.value.get("decoder") is None:
        return True
    decoder = root.object("decoder").known(("type", "prefix", "cleanup"))
    decoder.choice("type", ("WordPiece",))
    decoder.choice("prefix", (prefix,), default="##")
    return decoder.flag("cleanup", True)


def _direction(root: Fields, block: str) -> str | None:
    """The side of a truncation or padding block; its other settings are checked, not used."""
    if root.value.get(block) is None:
        return None
    settings = root.object(block)
    if block == "truncation":
        settings.known(("direction", "max_length", "strategy", "stride"))
        settings.choice("strategy", TRUNCATION_STRATEGIES, default="LongestFirst")
        lengths: tuple[str, ...] = ("max_length", "stride")
    else:
        settings.known(
            ("strategy", "direction", "pad_to_multiple_of", "pad_id", "pad_type_id", "pad_token")
        )
        settings.text("pad_token", "")
        strategy = settings.value.get("strategy", "BatchLongest")
        if isinstance(strategy, dict):
            settings.object("strategy").known(("Fixed",)).integer("Fixed", 0, MAX_LENGTH)
        else:
            settings.choice("strategy", ("BatchLongest",), default="BatchLongest")
        lengths = ("pad_id", "pad_type_id", "pad_to_multiple_of")
    for name in lengths:
        if settings.value.get(name) is not None:
            settings.integer(name, 0, MAX_LENGTH)
    return settings.choice("direction", ("Left", "Right"), default="Right").lower()
