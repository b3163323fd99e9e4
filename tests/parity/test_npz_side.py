"""Files of arrays: what the format allows is read, and everything else is one clear error."""

import io
import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from npdistil import InputError
from npdistil.parity.compare import compare
from npdistil.parity.npz_file import read_npz
from npdistil.parity.npz_side import _KINDS, NpzSide
from npdistil.parity.ours import Ours
from npdistil.parity.side import SETTINGS, padded
from tests.tasks.classification.folders import write_classifier
from tests.tasks.folders import write_settings

TEXTS = ["the Unable c", "É, a b!", "a"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = write_classifier(tmp_path_factory.mktemp("npz") / "model")
    return Ours.from_pretrained(write_settings(folder))


@pytest.fixture
def arrays(ours):
    """What a good file holds; more padding than there need be."""
    seen = ours.observe(TEXTS, "float32")
    ids_BL, mask_BL = padded(seen.input_ids, 0)
    wide = ((0, 0), (0, 2))
    return {
        "texts": json.dumps(TEXTS),
        "settings": json.dumps(seen.settings),
        "input_ids": np.pad(ids_BL, wide, constant_values=9),
        "attention_mask": np.pad(mask_BL, wide),
        "token_type_ids": np.pad(0 * ids_BL, wide),
        "sentence_embedding": seen.embeddings,
        "logits": seen.scores,
        **{f"activations.{name}": value for name, value in seen.activations.items()},
    }


def written(path, arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("compressed", [False, True])
def test_a_good_file_passes(compressed, ours, arrays, tmp_path):
    """Catches arrays that are not found again, and padding that is taken for text."""
    (np.savez_compressed if compressed else np.savez)(tmp_path / "port.npz", **arrays)
    side = NpzSide.from_file(tmp_path / "port.npz")
    report = compare(ours, side, side.texts)
    assert report.passed and report.side == "npz port.npz"
    assert len(report.activations) == len(arrays) - 5 and len(report.ids) == 3
    assert {row.name for row in report.settings} == {*ours.settings, "dtype"}


@pytest.mark.parametrize(
    "entry, value",
    [
        ("texts", np.array(TEXTS)),
        ("texts", np.frombuffer(json.dumps(TEXTS, ensure_ascii=False).encode(), np.uint8)),
        ("texts", np.bytes_(json.dumps(TEXTS))),
        ("settings", np.frombuffer(b'{"hidden_act": "gelu_python"}', np.uint8)),
        ("input_ids", np.int16),
        ("attention_mask", np.float32),
        ("activations.pooler", ">f4"),
        ("activations.embeddings", "F"),
    ],
)
def test_what_other_languages_write(entry, value, ours, arrays, tmp_path):
    """Catches a form that only NumPy's own writer has."""
    if isinstance(value, type | str):
        kind = value if value != "F" else arrays[entry].dtype
        order = "F" if value == "F" else "C"
        value = np.asarray(arrays[entry], kind, order=order)
    if entry == "attention_mask":
        value = value.astype(np.int8)
    side = NpzSide.from_file(written(tmp_path / "a.npz", {**arrays, entry: value}))
    assert compare(ours, side, side.texts).passed


def test_some_of_the_texts(ours, arrays, tmp_path):
    """Catches rows of other texts, where texts are compared in batches."""
    side = NpzSide.from_file(written(tmp_path / "a.npz", arrays))
    assert compare(ours, side, [TEXTS[2], TEXTS[0]]).passed
    with pytest.raises(InputError, match="'not there' is not among them"):
        side.observe(["not there"])


@pytest.mark.parametrize("as_json", [True, False])
def test_pairs_of_texts(as_json, ours, tmp_path):
    """Catches second texts that are passed by, with types that are shown or not."""
    pairs = [TEXTS[0], (TEXTS[1], "b"), (TEXTS[1], "the c"), TEXTS[1]]
    seen = ours.observe(pairs)
    ids_BL, mask_BL = padded(seen.input_ids, 0)
    seconds = [None, "b", "the c", None] if as_json else ["", "b", "the c", ""]
    arrays = {
        "texts": np.array([TEXTS[0], *[TEXTS[1]] * 3]),
        "text_pairs": np.array(json.dumps(seconds) if as_json else seconds),
        "input_ids": ids_BL,
        "attention_mask": mask_BL,
        "activations.embeddings": seen.activations["embeddings"],
    }
    types_BL, _ = padded(seen.token_type_ids, 0)
    for more in {}, {"token_type_ids": types_BL}:
        side = NpzSide.from_file(written(tmp_path / "a.npz", {**arrays, **more}))
        report = compare(ours, side, side.texts)
        assert side.texts == pairs and report.passed, report.as_table()
        assert report.texts[1] == report.ids[1].text == "É, a b! | b"
        assert all("É, a b! | b" in form for form in (report.as_table(), report.as_html()))
    forgotten = {**arrays, "token_type_ids": 0 * types_BL}
    report = compare(ours, NpzSide(forgotten, "a.npz"), pairs)
    assert report.first == "input_ids" and [row.ok for row in report.ids] == [
        True,
        False,
        False,
        True,
    ]
    assert report.cause is not None and report.cause.key == "token_types"


def test_ids_may_be_absent(ours, arrays, tmp_path):
    """Catches a port of the encoder alone that cannot take part."""
    few = {name: arrays[name] for name in ("texts", "activations.layers.1.output")}
    side = NpzSide.from_file(written(tmp_path / "a.npz", few))
    report = compare(ours, side, side.texts)
    assert report.passed and report.ids == report.settings == ()
    assert [row.name for row in report.activations] == ["layers.1.output"]


@pytest.mark.parametrize(
    "entry, message",
    [
        (
            "activations.layers.0.outptu",
            "'layers.0.outptu' is no activation; the nearest name is 'layers.0.output'",
        ),
        (
            "activations.layers.01.output",
            "'layers.01.output' is no activation; the nearest name is 'layers.[01].output'",
        ),
        ("activations.embedding", "the nearest name is 'embeddings'"),
        ("activations.", "'' is no activation; the nearest name is"),
        ("activations." + "x" * 5000, "'x{80}' is no activation"),
    ],
)
def test_names_that_no_activation_has(entry, message, ours, arrays, tmp_path):
    """Catches a slip of the pen that is reported as a mistake of the model."""
    wrong = {**arrays, entry: arrays["activations.layers.0.output"]}
    side = NpzSide.from_file(written(tmp_path / "a.npz", wrong))
    with pytest.raises(InputError, match=f"^npz a.npz: .*{message}"):
        compare(ours, side, side.texts)


def test_scores_for_a_model_without_a_classifier(ours, arrays, tmp_path):
    """Catches scores that look as if the port computed them wrongly."""
    side = NpzSide.from_file(written(tmp_path / "a.npz", arrays))
    with pytest.raises(
        InputError, match=r"shows the logits of a classifier .* this model has none"
    ):
        compare(replace(ours, head=()), side, side.texts)


def test_every_setting_has_a_type(ours):
    """Catches a setting that is read without a look at it."""
    assert {*_KINDS} == {*SETTINGS}
    for name, value in {**ours.settings, "dtype": "float32"}.items():
        assert type(value) in _KINDS[name].types, name


def without(*names):
    return lambda arrays: [arrays.pop(name) for name in names]


def changed(**values):
    return lambda arrays: arrays.update(
        {name.replace("__", "."): value for name, value in values.items()}
    )


@pytest.mark.parametrize(
    "change, message",
    [
        (without("texts"), "has no texts"),
        (changed(texts="[1, 2, 3]"), r"texts\[0\]: expected a str"),
        (changed(texts='["a", "a", "b"]'), "different strings"),
        (changed(texts='{"a": 1}'), "different strings"),
        (changed(texts="[]"), "different strings"),
        (changed(texts='["a'), "not valid JSON"),
        (changed(texts=np.array(["a", "b"])), "expected a row for each of 2 texts"),
        (changed(texts=np.array([1, 2])), "expected JSON as a string"),
        (changed(settings="[]"), "expected a JSON object"),
        (changed(settings='{"lower": true}'), "lower is none of do_lower_case"),
        (changed(settings='{"pooling": ["mean"]}'), r'expected a string, received \["mean"\]'),
        (
            changed(settings='{"do_lower_case": "true"}'),
            'do_lower_case: expected true or false, received "true"',
        ),
        (changed(settings='{"normalize": 1}'), "normalize: expected true or false, received 1"),
        (
            changed(settings='{"strip_accents": null}'),
            "strip_accents: expected true or false, received null",
        ),
        (
            changed(settings='{"max_length": 256.0}'),
            r"max_length: expected an integer, received 256\.0",
        ),
        (changed(settings='{"hidden_size": true}'), "hidden_size: expected an integer"),
        (changed(settings='{"layer_norm_eps": "1e-12"}'), "layer_norm_eps: expected a number"),
        (changed(settings='{"hidden_act": 3}'), "hidden_act: expected a string, received 3"),
        (
            changed(settings='{"dtype": "torch.float32"}'),
            'dtype: expected one of float16, bfloat16, float32, float64, received "torch.float32"',
        ),
        (changed(settings='{"max_length": NaN}'), "NaN is not JSON"),
        (changed(text_pairs='["a"]'), "1 for 3 texts; write null"),
        (changed(text_pairs='[null, 3, ""]'), r"text_pairs\[1\]: expected a str"),
        (changed(texts='["a", "a", "b"]', text_pairs='["c", "c", ""]'), "different strings"),
        (without("attention_mask"), "needs attention_mask"),
        (without("input_ids"), "goes with input_ids"),
        (changed(attention_mask=np.eye(3, 9, dtype=int)[:, ::-1]), "on the left"),
        (changed(attention_mask=np.zeros((3, 9), int)), "on the left"),
        (changed(input_ids=np.zeros((3, 9))), "expected integers, received float64"),
        (changed(token_type_ids=np.zeros((3, 5), int)), r"of shape \(3, 5\)"),
        (changed(token_type_ids=np.zeros((3,), int)), "expected a row for each of 3"),
        (changed(logits=np.zeros(3)), r"received \(3,\)"),
        (changed(activations__pooler=np.zeros((2, 12))), r"received \(2, 12\)"),
        (changed(activations__pooler=np.array([["a"]] * 3)), "expected numbers"),
        (changed(activation__pooler=np.zeros((3, 12))), "is none of texts"),
        (changed(activations__pooler=np.zeros((3, 2), complex)), "holds complex128"),
        (changed(activations__pooler=np.zeros((3, 2), "f4,f4")), "holds "),
        (changed(activations__pooler=np.zeros((3, 2), "M8[s]")), "holds datetime64"),
        (changed(activations__pooler=np.array([[None]] * 3)), "holds object"),
    ],
)
def test_what_a_file_may_not_hold(change, message, arrays, tmp_path):
    """Catches a mistake that is passed by, or that ends in somebody else's words."""
    change(arrays)
    with pytest.raises(InputError, match=message):
        NpzSide.from_file(written(tmp_path / "a.npz", arrays))


def npy(shape, kind="<f4", version=b"\x01\x00", content=b""):
    """An entry whose header says what it likes."""
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + content


@pytest.mark.parametrize(
    "entry, message",
    [
        (b"", "magic string"),
        (b"\x93NUMPY\x01\x00", "EOF"),
        (npy((2, 2), content=b"\0" * 15), "does not fit its 15 bytes"),
        (npy((1 << 40, 1 << 20)), "does not fit its 0 bytes"),
        (npy((-1, -4), content=b"\0" * 16), "does not fit its 16 bytes"),
        (npy((2,), version=b"\x03\x00", content=b"\0" * 8), "version"),
        (npy((2,), kind="|O", content=b"\0" * 16), "holds object"),
        (npy((4,), kind="<U0"), "holds"),
        (npy("__import__('os')"), "shape"),
        (npy((2,)).replace(b"<f4", b"((("), "descr"),
    ],
)
def test_entries_that_lie(entry, message, tmp_path):
    """Catches memory for what is not there, pickles, and code in headers."""
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("texts.npy", entry)
    with pytest.raises(InputError, match=message) as caught:
        read_npz(tmp_path / "a.npz")
    assert str(caught.value).count("\n") == 0


def test_every_cut_of_a_file(tmp_path):
    """Catches a half-written file that is read as far as it goes, or a raw error."""
    stream = io.BytesIO()
    np.savez_compressed(stream, texts=json.dumps(["a"]), **{"activations.pooler": np.ones((1, 3))})
    content, path = stream.getvalue(), tmp_path / "a.npz"
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with pytest.raises(InputError, match=r"a\.npz"):
            read_npz(path)


def test_every_byte_of_a_file(tmp_path, rng):
    """Catches a damaged byte that ends in anything but an array or one clear error."""
    stream = io.BytesIO()
    np.savez(stream, texts=json.dumps(["a"]), **{"activations.pooler": np.ones((1, 3))})
    content, path, refused = stream.getvalue(), tmp_path / "a.npz", 0
    for place in range(len(content)):
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        try:
            read_npz(path)
        except InputError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > len(content) / 2


def test_files_that_are_no_archives(tmp_path):
    """Catches a folder, a plain .npy and entries of other kinds."""
    with pytest.raises(InputError, match="no such file"):
        read_npz(tmp_path / "none.npz")
    with pytest.raises(InputError, match="not a regular file"):
        read_npz(tmp_path)
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(InputError, match=r"is no \.npz file that can be read"):
        read_npz(tmp_path / "a.npy")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(InputError, match=r"'notes.txt' is no \.npy"):
        read_npz(tmp_path / "a.npz")


def test_a_file_that_unpacks_to_too_much(tmp_path, monkeypatch):
    """Catches a small file that fills the memory."""
    np.savez_compressed(tmp_path / "a.npz", **{"activations.pooler": np.zeros((1, 10_000))})
    monkeypatch.setattr("npdistil.parity.npz_file.MAX_BYTES", 50_000)
    with pytest.raises(InputError, match="unpacked, at most 50000 are read"):
        read_npz(tmp_path / "a.npz")
