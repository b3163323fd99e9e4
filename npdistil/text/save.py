"""Writing a tokenizer as the two files that `tokenizers` and Transformers read."""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError, TokenizerError
from .settings import GENERIC_CLASSES, WORDPIECE_DEFAULTS, TokenizerSettings
from .special import AddedToken
from .vocab import Vocabulary, read_vocab_txt

NO_LENGTH = int(1e30)  # how Transformers writes that there is no limit
ROLES = ("unk_token", "cls_token", "sep_token", "pad_token", "mask_token")


def save_tokenizer(
    folder: Path,
    settings: TokenizerSettings,
    vocabulary: Vocabulary,
    added_tokens: Sequence[AddedToken],
) -> None:
    """Write tokenizer.json and tokenizer_config.json; see `Tokenizer.save_pretrained`.

    Raises:
        InputError: the folder cannot be written, or holds another vocabulary in vocab.txt.
    """
    contents = {
        "tokenizer.json": _tokenizer_json(settings, vocabulary, added_tokens),
        "tokenizer_config.json": _tokenizer_config(settings, added_tokens),
    }
    files = {
        name: json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n"
        for name, content in contents.items()
    }
    try:
        if folder.exists():
            _check_neighbours(folder, contents["tokenizer.json"]["model"]["vocab"], files)
            _replace_files(folder, files)
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            _make_folder(folder, files)
    except (OSError, ValueError) as failure:
        if isinstance(failure, InputError):
            raise
        raise InputError(f"{str(folder)[:200]!r}: cannot be written: {failure}.") from None


def _tokenizer_json(
    settings: TokenizerSettings, vocabulary: Vocabulary, added_tokens: Sequence[AddedToken]
) -> dict[str, Any]:
    cls, sep = settings.cls_token, settings.sep_token
    single = [_special(cls, 0), _text("A", 0), _special(sep, 0)]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [
            token._asdict() for token in sorted(added_tokens, key=lambda token: token.id)
        ],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": settings.clean_text,
            "handle_chinese_chars": settings.tokenize_chinese_chars,
            "strip_accents": settings.strip_accents,
            "lowercase": settings.do_lower_case,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, _text("B", 1), _special(sep, 1)],
            "special_tokens": {
                token: {"id": token, "ids": [vocabulary.id_of(token)], "tokens": [token]}
                for token in (cls, sep)
            },
        },
        "decoder": {
            "type": "WordPiece",
            "prefix": settings.continuing_subword_prefix,
            "cleanup": settings.decoder_cleanup,
        },
        "model": {
            "type": "WordPiece",
            "unk_token": settings.unk_token,
            "continuing_subword_prefix": settings.continuing_subword_prefix,
            "max_input_chars_per_word": settings.max_input_chars_per_word,
            "vocab": dict(sorted(vocabulary.pieces.items(), key=lambda item: item[1])),
        },
    }


def _tokenizer_config(
    settings: TokenizerSettings, added_tokens: Sequence[AddedToken]
) -> dict[str, Any]:
    # Transformers' BERT class takes these from nowhere; the generic class from tokenizer.json.
    is_plain = settings.clean_text and settings.decoder_cleanup
    is_plain &= all(getattr(settings, name) == value for name, value in WORDPIECE_DEFAULTS.items())
    names = ["input_ids", "token_type_ids", "attention_mask"]
    if not settings.returns_token_type_ids:
        names.remove("token_type_ids")
    roles = {role: getattr(settings, role) for role in ROLES}
    others = [
        token.content
        for token in added_tokens
        if token.special and token.content not in roles.values()
    ]
    decoder = {}
    for token in sorted(added_tokens, key=lambda token: token.id):
        rules = token._asdict()
        decoder[str(rules.pop("id"))] = rules
    return {
        "added_tokens_decoder": decoder,
        "additional_special_tokens": others,
        "clean_up_tokenization_spaces": settings.clean_up_tokenization_spaces,
        "do_lower_case": settings.do_lower_case,
        "model_input_names": names,
        "model_max_length": settings.model_max_length or NO_LENGTH,
        "padding_side": settings.padding_side,
        "split_special_tokens": settings.special_tokens_in_text == "text",
        "strip_accents": settings.strip_accents,
        "tokenize_chinese_chars": settings.tokenize_chinese_chars,
        "tokenizer_class": "BertTokenizer" if is_plain else GENERIC_CLASSES[0],
        "truncation_side": settings.truncation_side,
        **roles,
    }


def _special(token: str, type_id: int) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": type_id}}


def _text(name: str, type_id: int) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": type_id}}


def _check_neighbours(folder: Path, pieces: Mapping[str, int], names: Mapping[str, bytes]) -> None:
    """Refuse what the two files would contradict, or could not replace."""
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; name a folder.")
    for name in names:
        if (folder / name).is_dir():
            raise InputError(f"{folder / name}: is a folder, where a file is to be written.")
    if (folder / "vocab.txt").exists():
        try:
            same = read_vocab_txt(folder / "vocab.txt") == pieces
        except TokenizerError:
            same = False
        if not same:
            raise InputError(
                f"{folder}: holds a vocab.txt with another vocabulary; remove it, or choose "
                "another folder."
            )


def _make_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """A new folder with all files, made under another name and renamed."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name[:40]}.") as name:
        made = Path(name) / "folder"
        made.mkdir()
        for file_name, content in files.items():
            _write(made / file_name, content)
        made.rename(folder)


def _replace_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write all beside the old ones, then rename; a failure puts the old ones back."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".tokenizer.") as name:
        for file_name, content in files.items():
            _write(Path(name) / file_name, content)
        done: list[str] = []
        try:
            for file_name in files:
                if (folder / file_name).exists():
                    shutil.copyfile(folder / file_name, Path(name) / f"old-{file_name}")
                done.append(file_name)
                (Path(name) / file_name).replace(folder / file_name)
        except OSError:
            for file_name in done:
                with contextlib.suppress(OSError):
                    _put_back(folder / file_name, Path(name) / f"old-{file_name}")
            raise


def _put_back(path: Path, old: Path) -> None:
    if old.exists():
        old.replace(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
