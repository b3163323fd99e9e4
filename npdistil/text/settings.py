"""What a folder says about its tokenizer, resolved with Transformers' own precedence.

| question                 | answered by, first wins                                            |
|--------------------------|--------------------------------------------------------------------|
| vocabulary               | tokenizer.json, else vocab.txt; both must agree                    |
| lower case, accents,     | tokenizer_config.json, else BERT's defaults (True, None, True);    |
| Chinese characters       | for a class without defaults of its own: tokenizer.json            |
| prefix, longest word,    | BERT's ("##", 100, yes); for a class without defaults of its own:  |
| cleaning                 | tokenizer.json                                                     |
| names of the specials    | special_tokens_map.json (unless tokenizer_config.json has          |
|                          | added_tokens_decoder), tokenizer_config.json, "[UNK]" and so on    |
| added tokens, how they   | added_tokens_decoder of tokenizer_config.json, else tokenizer.json |
| are searched             | and added_tokens.json, else where the special token is named       |
| specials in a text       | the call, from_pretrained, split_special_tokens, else "parse"      |
| longest input            | the call, else the smaller of model_max_length                     |
|                          | (tokenizer_config.json) and max_position_embeddings (config.json)  |
| sides                    | tokenizer_config.json, else the blocks of tokenizer.json           |

The lengths in tokenizer.json's truncation and padding blocks are settings of a call, and calls
set their own. Source: BertTokenizer, transformers 5.23, from_pretrained.
"""

import warnings
from collections.abc import Iterable
from pathlib import Path

from ..errors import TokenizerError
from ..fields import Fields
from ..named_tuple import NamedTuple
from .added import SpecialNames, all_added_tokens, special_names
from .special import AddedToken
from .tokenizer_files import TokenizerFiles
from .tokenizer_json import TokenizerJson, parse_tokenizer_json
from .vocab import MAX_VOCAB_ROWS, Vocabulary, parse_vocab_txt

# Transformers writes int(1e30) for "no limit"; nothing from here on is a length.
NO_LENGTH = 1_000_000_000
SMALLEST_LENGTH = 3
# They add nothing to BERT's tokenizer, apart from the token types that DistilBERT lacks.
BERT_CLASSES = tuple(
    f"{name}Tokenizer{fast}"
    for name in ("Bert", "DistilBert", "Electra", "MobileBert", "ConvBert", "SqueezeBert")
    for fast in ("", "Fast")
)
# They take every setting from tokenizer.json.
GENERIC_CLASSES = ("PreTrainedTokenizerFast", "TokenizersBackend")
SIDES = ("left", "right")
SPECIAL_TOKENS_IN_TEXT = ("parse", "text")


class TokenizerSettings(NamedTuple):
    """Everything that decides how text becomes ids, apart from the vocabulary."""

    do_lower_case: bool = True
    strip_accents: bool | None = None  # None: as do_lower_case
    tokenize_chinese_chars: bool = True
    clean_text: bool = True
    continuing_subword_prefix: str = "##"
    max_input_chars_per_word: int = 100  # characters after normalisation; longer is [UNK]
    unk_token: str = "[UNK]"
    cls_token: str = "[CLS]"
    sep_token: str = "[SEP]"
    pad_token: str = "[PAD]"
    mask_token: str | None = "[MASK]"  # None: the model has none
    model_max_length: int | None = None  # tokens, special ones included; None: no limit
    padding_side: str = "right"
    truncation_side: str = "right"
    returns_token_type_ids: bool = True
    decoder_cleanup: bool = True
    clean_up_tokenization_spaces: bool = False
    special_tokens_in_text: str = "parse"  # or "text": "[SEP]" is then punctuation and a word


class Parts(NamedTuple):
    """What a tokenizer is made of."""

    settings: TokenizerSettings
    vocabulary: Vocabulary
    added_tokens: tuple[AddedToken, ...]


def load_settings(folder: Path) -> Parts:
    """Read the tokenizer files of a model folder.

    Raises:
        TokenizerError: as `resolve`, or no such folder.
    """
    parts, doubts = resolve(TokenizerFiles(folder))
    say(doubts)
    return parts


def say(doubts: Iterable[str]) -> None:
    """Warn of them."""
    for doubt in doubts:
        warnings.warn(doubt, stacklevel=3)


def resolve(files: TokenizerFiles) -> tuple[Parts, list[str]]:
    """What the files say, and what the user should be warned of each time.

    Of rows of vocab.txt that repeat a token it warns itself.

    Raises:
        TokenizerError: no vocabulary, a malformed file, files that contradict each other, a
            component that is not built, or ids outside the embedding table of config.json.
    """
    config = files.fields("config.json")
    told = files.fields("tokenizer_config.json")
    _refuse_foreign(told)
    ids, file = _vocabulary_files(files)
    legacy = files.fields("special_tokens_map.json")
    older = files.fields("added_tokens.json")
    names = special_names(told, legacy)
    from_file = file.added_tokens if file else ()
    vocabulary, added = all_added_tokens(ids, names, told, older, from_file, str(files.folder))
    if "vocab_size" in config:
        rows = config.integer("vocab_size", 1, MAX_VOCAB_ROWS)
        if len(vocabulary) > rows:
            raise TokenizerError(
                f"{files.folder}: the tokenizer makes ids up to {len(vocabulary) - 1}, but "
                f"config.json gives the embedding table {rows} rows. Are the files of one model?"
            )
    _check_agreement(names, file)
    settings, doubts = _settings(config, told, names, file, vocabulary)
    return Parts(settings, vocabulary, added), doubts


def _vocabulary_files(files: TokenizerFiles) -> tuple[dict[str, int], TokenizerJson | None]:
    folder = files.folder
    in_json, in_txt = files.content("tokenizer.json"), files.content("vocab.txt")
    if in_json is None:
        if in_txt is None:
            raise TokenizerError(f"{folder}: neither tokenizer.json nor vocab.txt is there.")
        return parse_vocab_txt(in_txt, folder / "vocab.txt"), None
    file = parse_tokenizer_json(in_json, folder / "tokenizer.json")
    ids = file.vocab if in_txt is None else parse_vocab_txt(in_txt, folder / "vocab.txt")
    if ids != file.vocab:
        token = min(token for token, _ in ids.items() ^ file.vocab.items())
        raise TokenizerError(
            f"{folder}: vocab.txt and tokenizer.json disagree, for instance on {token[:40]!r}: "
            f"id {ids.get(token)} and {file.vocab.get(token)}. Delete the file that is wrong."
        )
    return file.vocab, file


def _refuse_foreign(told: Fields) -> None:
    if told.value.get("tokenizer_class") is not None:
        told.choice("tokenizer_class", BERT_CLASSES + GENERIC_CLASSES)
    if told.value.get("pad_token_type_id"):
        raise told.fail("pad_token_type_id", "padding has token type 0.")


def _check_agreement(names: SpecialNames, file: TokenizerJson | None) -> None:
    if file is None:
        return
    for role, stated in (
        ("cls_token", file.cls_token),
        ("sep_token", file.sep_token),
        ("unk_token", file.unk_token),
    ):
        if names.roles[role] != stated:
            raise TokenizerError(
                f"{role} is {names.roles[role]!r:.60} by tokenizer_config.json or "
                f"special_tokens_map.json, but {stated!r:.60} by tokenizer.json."
            )


def _settings(
    config: Fields,
    told: Fields,
    names: SpecialNames,
    file: TokenizerJson | None,
    vocabulary: Vocabulary,
) -> tuple[TokenizerSettings, list[str]]:
    kind = told.value.get("tokenizer_class")
    nobody_says = not told.value and not config.value
    flags: dict[str, bool | None]
    doubts: list[str] = []
    if file is not None and (kind in GENERIC_CLASSES or nobody_says):
        clean_text = file.clean_text
        decoder_cleanup = file.decoder_cleanup
        prefix, longest_word = file.continuing_subword_prefix, file.max_input_chars_per_word
        flags = {name: getattr(file, name) for name in _FLAG_DEFAULTS}
    else:
        clean_text = decoder_cleanup = True
        prefix, longest_word = PIECE_PREFIX, MAX_WORD_CHARS
        flags = {
            "do_lower_case": told.flag("do_lower_case", True),
            "strip_accents": told.optional_flag("strip_accents"),
            "tokenize_chinese_chars": told.flag("tokenize_chinese_chars", True),
        }
        doubts = _silences(told, file)
    mask_token = names.roles["mask_token"]
    settings = TokenizerSettings(
        do_lower_case=bool(flags["do_lower_case"]),
        strip_accents=flags["strip_accents"],
        tokenize_chinese_chars=bool(flags["tokenize_chinese_chars"]),
        clean_text=clean_text,
        continuing_subword_prefix=prefix,
        max_input_chars_per_word=longest_word,
        unk_token=names.roles["unk_token"],
        cls_token=names.roles["cls_token"],
        sep_token=names.roles["sep_token"],
        pad_token=names.roles["pad_token"],
        mask_token=mask_token if mask_token in vocabulary.ids else None,
        model_max_length=_longest_input(config, told),
        padding_side=told.choice("padding_side", SIDES, (file and file.padding_side) or "right"),
        truncation_side=told.choice(
            "truncation_side", SIDES, (file and file.truncation_side) or "right"
        ),
        returns_token_type_ids=_returns_token_type_ids(config, told),
        decoder_cleanup=decoder_cleanup,
        clean_up_tokenization_spaces=told.flag("clean_up_tokenization_spaces", False),
        special_tokens_in_text="text" if told.optional_flag("split_special_tokens") else "parse",
    )
    return settings, doubts


PIECE_PREFIX, MAX_WORD_CHARS = "##", 100
WORDPIECE_DEFAULTS = {
    "continuing_subword_prefix": PIECE_PREFIX,
    "max_input_chars_per_word": MAX_WORD_CHARS,
}
_FLAG_DEFAULTS: dict[str, bool | None] = {
    "do_lower_case": True,
    "strip_accents": None,
    "tokenize_chinese_chars": True,
}


def _silences(told: Fields, file: TokenizerJson | None) -> list[str]:
    """Transformers prefers BERT's default to the normalizer block; a cased model then suffers."""
    if file is None:
        return []
    doubts = [
        f"{told.where} does not say {name}, so it is {default}, as in Transformers, "
        f"although tokenizer.json says {getattr(file, name)}. State it in the former."
        for name, default in _FLAG_DEFAULTS.items()
        if name not in told and getattr(file, name) != default
    ]
    doubts += [
        f"tokenizer.json says {name} {getattr(file, name)!r:.40}, but BERT's class "
        f"uses {value!r}, as in Transformers; a tokenizer_config.json with "
        'tokenizer_class "PreTrainedTokenizerFast" takes it from the file.'
        for name, value in WORDPIECE_DEFAULTS.items()
        if getattr(file, name) != value
    ]
    return doubts


def _longest_input(config: Fields, told: Fields) -> int | None:
    lengths = []
    for fields, name in ((told, "model_max_length"), (config, "max_position_embeddings")):
        value = fields.value.get(name)
        if value is None or (type(value) in (int, float) and value >= NO_LENGTH):
            continue
        lengths.append(fields.integer(name, SMALLEST_LENGTH, NO_LENGTH))
    return min(lengths, default=None)


def _returns_token_type_ids(config: Fields, told: Fields) -> bool:
    names = told.value.get("model_input_names")
    if names is not None:
        if not isinstance(names, list):
            raise told.fail("model_input_names", "expected an array of strings.")
        return "token_type_ids" in names
    kind = told.value.get("tokenizer_class")
    is_distilbert = isinstance(kind, str) and kind.startswith("DistilBert")
    return not is_distilbert and config.value.get("model_type") != "distilbert"
