"""Which tokens are cut out of the raw text: the named special ones and those added later."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from ..errors import TokenizerError
from ..fields import Fields
from ..named_tuple import NamedTuple
from .special import AddedToken
from .tokenizer_json import added_token
from .vocab import MAX_VOCAB_ROWS, Vocabulary, check_token

MAX_ADDED_TOKENS = 10_000
REQUIRED = {
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "pad_token": "[PAD]",
}
MASK = "[MASK]"
OTHER_ROLES = ("bos_token", "eos_token")
LIST_ROLES = ("additional_special_tokens", "extra_special_tokens")


class SpecialNames(NamedTuple):
    """The special tokens by role, and those that have none."""

    roles: Mapping[str, str]  # unk_token, cls_token, sep_token, pad_token, mask_token
    others: tuple[str, ...] = ()
    described: Mapping[str, AddedToken] = MappingProxyType({})  # how some are searched


def special_names(told: Fields, legacy: Fields) -> SpecialNames:
    """Read the names from tokenizer_config.json and the older special_tokens_map.json.

    The older file wins unless the newer one lists added_tokens_decoder, as in Transformers.

    Raises:
        TokenizerError: a name that is neither a string nor a token description.
    """
    sources = [told] if "added_tokens_decoder" in told else [legacy, told]

    described: dict[str, AddedToken] = {}

    def content(source: Fields, role: str, value: object) -> str:
        token = _token(source, role, value)
        described.setdefault(token.content, token)
        return token.content

    def named(role: str) -> str | None:
        for source in sources:
            if source.value.get(role) is not None:
                return content(source, role, source.value[role])
        return None

    roles = {role: named(role) or default for role, default in REQUIRED.items()}
    roles["mask_token"] = named("mask_token") or MASK
    others = [name for role in OTHER_ROLES if (name := named(role)) is not None]
    for source in sources:
        for role in LIST_ROLES:
            listed = source.value.get(role) or []
            if not isinstance(listed, list):
                raise source.fail(role, "expected an array of tokens.")
            others += [content(source, role, token) for token in listed]
    return SpecialNames(roles=roles, others=tuple(dict.fromkeys(others)), described=described)


def all_added_tokens(
    ids: Mapping[str, int],
    names: SpecialNames,
    told: Fields,
    older: Fields,
    from_file: Iterable[AddedToken],
    where: str,
) -> tuple[Vocabulary, tuple[AddedToken, ...]]:
    """The whole vocabulary, and every token that is searched in the text.

    Args:
        ids: the model's vocabulary.
        names: the special tokens.
        told: tokenizer_config.json, whose added_tokens_decoder replaces the next two.
        older: added_tokens.json, token to id.
        from_file: the added tokens of tokenizer.json.
        where: what the messages are about.

    Raises:
        TokenizerError: a special token that is nowhere, two tokens with one id, or an id that is
            neither the vocabulary's nor the next free one.
    """
    special = {*names.roles.values(), *names.others}
    if "added_tokens_decoder" in told:
        entries = _decoder_entries(told.object("added_tokens_decoder"))
    else:
        by_id = {token.id: token for token in _older_entries(older, special)}
        by_id.update((token.id, token) for token in _unique_ids(from_file))
        entries = list(by_id.values())
    if len(entries) > MAX_ADDED_TOKENS:
        raise TokenizerError(
            f"{where}: {len(entries)} added tokens, at most {MAX_ADDED_TOKENS} are accepted."
        )
    all_ids = _appended(ids, entries)
    needed = [name for role, name in names.roles.items() if role in REQUIRED]
    missing = [name for name in (*needed, *names.others) if name not in all_ids]
    if names.roles["unk_token"] not in ids:  # words become it, so an added token is not enough
        missing = list(dict.fromkeys([names.roles["unk_token"], *missing]))
    if missing:
        raise TokenizerError(
            f"{where}: the vocabulary lacks {', '.join(missing)}. Libraries that append such "
            "tokens make ids outside the embedding table; add them to the vocabulary, or name the "
            "tokens that it has in tokenizer_config.json."
        )
    described = {token.content for token in entries}
    for name in (*names.roles.values(), *names.others):
        if name in all_ids and name not in described:
            described.add(name)
            token = names.described.get(name, AddedToken(content=name, id=-1))
            entries.append(token._replace(id=all_ids[name]))
    return Vocabulary(all_ids, ids), tuple(
        token._replace(special=token.special or token.content in special) for token in entries
    )


def _token(source: Fields, role: str, value: object) -> AddedToken:
    """A token is written as a string or as an object with its matching rules."""
    if isinstance(value, dict):
        plain = {name: item for name, item in value.items() if name != "__type"}
        token = added_token(source.inside(plain, role), -1)
        return token._replace(special=True, normalized=bool(plain.get("normalized")))
    check_token(value, f"{source.where}: {role}")
    if not value:
        raise source.fail(role, "an empty token.")
    return AddedToken(content=str(value), id=-1)


def _decoder_entries(decoder: Fields) -> list[AddedToken]:
    entries = []
    for key, value in decoder.value.items():
        if not (key.isascii() and key.isdigit() and len(key) < 10 and int(key) < MAX_VOCAB_ROWS):
            raise decoder.fail(repr(key[:40]), f"expected an id below {MAX_VOCAB_ROWS}.")
        entries.append(added_token(decoder.inside(value, key), int(key)))
    return _unique_ids(sorted(entries, key=lambda token: token.id))


def _older_entries(older: Fields, special: set[str]) -> list[AddedToken]:
    entries = []
    for content in older.value:
        check_token(content, older.where)
        if not content:
            raise older.fail("''", "an added token must not be empty.")
        entries.append(
            AddedToken(
                content=content,
                id=older.integer(content, 0, MAX_VOCAB_ROWS - 1),
                special=content in special,
                normalized=content not in special,
            )
        )
    return _unique_ids(entries)


def _unique_ids(entries: Iterable[AddedToken]) -> list[AddedToken]:
    owners: dict[int, str] = {}
    contents: set[str] = set()
    result = []
    for token in entries:
        if token.id in owners or token.content in contents:
            raise TokenizerError(
                f"added token {token.content[:40]!r} with id {token.id}: the token or its id is "
                "listed twice."
            )
        owners[token.id] = token.content
        contents.add(token.content)
        result.append(token)
    return result


def _appended(ids: Mapping[str, int], entries: Iterable[AddedToken]) -> dict[str, int]:
    """Vocabulary and added tokens together; the libraries number new tokens from its size on."""
    result = dict(ids)
    taken: set[int] | None = None
    for token in sorted(entries, key=lambda token: token.id):
        expected = result.get(token.content)
        if expected is None:
            expected = len(result)
            taken = set(ids.values()) if taken is None else taken
            if expected in taken:
                raise TokenizerError(
                    f"added token {token.content[:40]!r}: the vocabulary has rows without a "
                    "token, so libraries disagree on the next free id. Name a token in each row."
                )
        if token.id != expected:
            raise TokenizerError(
                f"added token {token.content[:40]!r} has id {token.id}, expected {expected}: the "
                "vocabulary's id, or the next one behind it."
            )
        result[token.content] = expected
    return result
