"""`SearchIndex` in memory and in files."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from npdistil import InputError, ModelFileError, SearchIndex, SentenceEncoder, semantic_search
from npdistil.tasks.search.texts import search_texts, write_index
from tests.tasks.folders import write_model

TEXTS = [
    "Small earthquakes often announce an eruption.",
    "Bread dough rises faster in a warm kitchen.",
    "tabs\tand “quotes”",
    "",
    "Bread dough rises faster in a warm kitchen.",
]


@pytest.fixture(scope="module")
def encoder(minilm_folder):
    return SentenceEncoder.from_pretrained(minilm_folder)


@pytest.fixture(scope="module")
def saved(encoder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "index"
    assert write_index(folder, iter(TEXTS), encoder, "all-MiniLM-L6-v2") == 5
    return folder


@pytest.fixture
def copied(saved, tmp_path):
    """One that a test may damage."""
    return Path(shutil.copytree(saved, tmp_path / "index"))


def test_texts_are_found(encoder, saved):
    """Rows out of order, scores of other rows, or ties that go backwards."""
    for index in (SearchIndex.from_texts(TEXTS, encoder), SearchIndex.load(saved, encoder)):
        hits = index.search("How do I bake?", top_k=3)
        assert [hit["corpus_id"] for hit in hits[:2]] == [1, 4], "a tie goes by row"
        assert [hit["text"] for hit in hits] == [TEXTS[hit["corpus_id"]] for hit in hits]
        vectors = encoder.encode([*TEXTS, "How do I bake?"])
        (peer,) = semantic_search(vectors[5], vectors[:5], top_k=3)
        np.testing.assert_allclose(
            [h["score"] for h in hits], [h["score"] for h in peer], atol=2e-7
        )
        assert len(index.search(["a", "b"])) == 2 and len(index.search(["a"])[0]) == len(index) == 5
        assert index.search([]) == []


def test_queries_and_documents_have_their_prompts(encoder, tmp_path):
    """Catches texts that are embedded as queries, or the other way round."""
    prompted = SentenceEncoder(
        encoder.tokenizer, encoder.encoder, encoder.head, 256,
        prompts={"query": "Find: ", "document": "Text: "},
    )  # fmt: skip
    query, texts = encoder.encode("Find: bread"), encoder.encode([f"Text: {t}" for t in TEXTS])
    wanted = SearchIndex.from_vectors(texts, TEXTS).search(query)
    write_index(tmp_path / "index", TEXTS, prompted)
    assert SearchIndex.from_texts(TEXTS, prompted).search("bread") == wanted
    assert SearchIndex.load(tmp_path / "index", prompted).search("bread") == wanted
    assert search_texts("bread", TEXTS, prompted) == [wanted]
    with pytest.raises(InputError, match="another model"):
        SearchIndex.load(tmp_path / "index", encoder)


def test_a_query_does_not_see_the_others(encoder, saved):
    """A score whose last bits come from the size of a batch."""
    index = SearchIndex.load(saved, encoder)
    queries = ["volcano", "kitchen", "a", TEXTS[2], "?" * 300]
    assert index.search(queries) == [index.search(query) for query in queries]


def test_saved_is_what_was_in_memory(encoder, saved, tmp_path):
    """Files that lose bits, texts or names on the way."""
    index = SearchIndex.from_texts(TEXTS, encoder, ids=list("abcde"), model="M")
    index.save(tmp_path / "one")
    again = SearchIndex.load(tmp_path / "one", encoder)
    assert again.vectors.tobytes() == index.vectors.tobytes()
    assert SearchIndex.load(saved).vectors.tobytes() == index.vectors.tobytes()
    assert again.search("bread") == index.search("bread")
    assert again.search("bread")[0] == {**index.search("bread")[0], "id": "b"}
    assert [again.entry(n) for n in range(5)] == [
        {"id": key, "text": text} for key, text in zip("abcde", TEXTS, strict=True)
    ]
    assert (again.model, again.normalized, again.dimension, len(again)) == ("M", True, 384, 5)
    again.save(tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert (tmp_path / "two" / file.name).read_bytes() == file.read_bytes()
    with pytest.raises(InputError, match="exists already"):
        index.save(tmp_path / "one")


def test_vectors_of_an_index_are_mapped_and_cannot_be_changed(saved):
    """An index that is read into memory, or that a caller can damage."""
    vectors_ND = SearchIndex.load(saved).vectors
    base = vectors_ND
    while base.base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        vectors_ND[0] = 0
    assert np.load(saved / "vectors.npy", allow_pickle=False).tobytes() == vectors_ND.tobytes()


def test_vectors_alone(rng):
    """Vectors that are scaled where they should not be, or another way round."""
    vectors_ND = rng.standard_normal((40, 6)) * 5
    queries_BD = rng.standard_normal((3, 6)) * 5
    for normalize, name in ((True, "cosine"), (False, "dot")):
        index = SearchIndex.from_vectors(vectors_ND, normalize=normalize)
        found = index.search(queries_BD, top_k=7)
        peer = semantic_search(queries_BD, vectors_ND, top_k=7, score_function=name)
        for ours, theirs in zip(found, peer, strict=True):
            assert [hit["corpus_id"] for hit in ours] == [hit["corpus_id"] for hit in theirs]
            np.testing.assert_allclose(
                [hit["score"] for hit in ours], [hit["score"] for hit in theirs], rtol=1e-6
            )
        assert index.search(queries_BD[1], top_k=7) == found[1]
        assert index.search(queries_BD[1].tolist(), top_k=7) == found[1]


def test_texts_on_the_fly(encoder):
    """An answer that depends on whether an index was made, or a text beside another's score."""
    texts = [f"text number {n}, {word}" for n in range(300) for word in ("bread", "fire")]
    index = SearchIndex.from_texts(texts, encoder)
    queries = ["bread 299", "fire 0"]
    assert search_texts(queries, iter(texts), encoder, 4) == index.search(queries, 4)
    assert search_texts("x", TEXTS, encoder) == [SearchIndex.from_texts(TEXTS, encoder).search("x")]
    with pytest.raises(InputError, match="6 texts are asked for, but there are 5"):
        search_texts("x", TEXTS, encoder, 6)


def test_a_wrong_model_is_told(encoder, saved, tmp_path):
    """Answers from vectors of two models that happen to be of the same size."""
    other = SentenceEncoder.from_pretrained(write_model(tmp_path / "m"), pooling="mean")
    with pytest.raises(InputError, match=r"have 384 features, the encoder's 12.*all-MiniLM-L6-v2"):
        SearchIndex.load(saved, other)
    turned = SentenceEncoder(
        encoder.tokenizer, encoder.encoder, type(encoder.head)(("cls",), True), 256
    )
    with pytest.raises(InputError, match=r"made by another model \(all-MiniLM-L6-v2\)"):
        SearchIndex.load(saved, turned)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda i: i.search([[1.0, 2.0]]), "queries have 2 features, .* 384"),
        (lambda i: i.search("text"), "texts need an encoder"),
        (lambda i: i.search(pd.Series(["text"])), "texts need an encoder"),
        (lambda i: i.search(text for text in ["text"]), "texts need an encoder"),
        (lambda i: i.search(None), "queries: expected rows of floats, received NoneType"),
        (lambda i: i.search(np.zeros(384), 6), "6 rows are asked for, but .* has 5"),
        (lambda i: i.search(np.zeros(384), 0), "top_k: expected a positive integer"),
        (lambda i: i.search(np.full(384, np.nan)), "queries: row 0 holds nan"),
        (lambda i: SearchIndex.from_vectors([]), "vectors: no rows"),
        (lambda i: SearchIndex.from_vectors([[1.0], [np.nan]]), "vectors: row 1 holds nan"),
        (lambda i: SearchIndex.from_vectors([[1.0]], texts=["a", "b"]), "texts: 2 of them for 1"),
        (lambda i: SearchIndex.from_vectors([[1.0]], ids=[1]), r"ids\[0\]: expected a str"),
        (lambda i: SearchIndex.from_vectors([[1.0]], ids=1), "^ids: expected a str or an iterable"),
        (lambda i: SearchIndex.from_vectors([[1.0]], model=None), r"model\[0\]: expected a str"),
    ],
)
def test_what_is_refused(saved, call, message):
    """A traceback of NumPy's, or a guess."""
    with pytest.raises(InputError, match=message):
        call(SearchIndex.load(saved))


def test_no_texts(encoder, tmp_path):
    """An empty index, or a folder that is left behind."""
    for call in (
        lambda: SearchIndex.from_texts([], encoder),
        lambda: write_index(tmp_path / "index", iter([]), encoder),
        lambda: search_texts("a", [], encoder),
    ):
        with pytest.raises(InputError, match="texts: none"):
            call()
    with pytest.raises(InputError, match=r"texts\[2\]: expected a str, received int"):
        write_index(tmp_path / "index", iter(["a", "b", 3]), encoder)
    assert list(tmp_path.iterdir()) == []


def test_nan_in_a_file_names_its_row(copied):
    """An answer that leaves out a row, or that is NaN."""
    content = bytearray((copied / "vectors.npy").read_bytes())
    content[-384 * 4 - 4 : -384 * 4] = np.float32(np.nan).tobytes()
    (copied / "vectors.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"row 3 holds nan \(feature 383"):
        SearchIndex.load(copied).search(np.ones(384))


def npy(array, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


DAMAGE = {
    "no npy": ("vectors.npy", b"text", "no .npy file"),
    "empty": ("vectors.npy", b"", "no .npy file"),
    "cut": ("vectors.npy", lambda content: content[:-1], "bytes, expected"),
    "longer": ("vectors.npy", lambda content: content + b"x", "bytes, expected"),
    "other shape": ("vectors.npy", npy(np.zeros((4, 384), np.float32)), r"of shape \[4, 384\]"),
    "other type": ("vectors.npy", npy(np.zeros((5, 384))), "holds float64"),
    "objects": ("vectors.npy", npy(np.full((5, 384), None), allow_pickle=True), "holds object"),
    "Fortran": (
        "vectors.npy",
        npy(np.zeros((5, 384), np.float32, order="F")),
        "index.json promises",
    ),
    "offsets": ("offsets.npy", npy(np.zeros(6, np.int64)), "does not belong to offsets.npy"),
    "few offsets": ("offsets.npy", npy(np.zeros(5, np.int64)), r"int64 of shape \[6\]"),
    "entries": ("entries.jsonl", b"{}\n", "does not belong to offsets.npy"),
    "json": ("index.json", b"{", "not valid JSON"),
    "foreign": ("index.json", b'{"format": "faiss"}', "no index of npdistil"),
    "version": ("index.json", ("version", 2), "only version 1"),
    "rows": ("index.json", ("rows", 10**15), "promises"),
    "no rows": ("index.json", ("rows", 0), "rows: expected an integer of at least 1"),
    "dimension": ("index.json", ("dimension", 1 << 40), "dimension: expected an integer from 1"),
    "probe": ("index.json", ("probe", [1.0]), "probe: expected 384 floats"),
    "unknown": ("index.json", ("extra", 1), "unknown field"),
    "missing": ("vectors.npy", "unlink", "no such file"),
    "no index": ("index.json", "unlink", "holds no index"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_and_foreign_files(copied, kind):
    """Files that are believed: a pickle that is run, a shape that reads beyond the end."""
    name, how, message = DAMAGE[kind]
    path = copied / name
    if how == "unlink":
        path.unlink()
    elif isinstance(how, tuple):
        about = json.loads(path.read_text())
        path.write_text(json.dumps({**about, how[0]: how[1]}))
    else:
        path.write_bytes(how(path.read_bytes()) if callable(how) else how)
    with pytest.raises(ModelFileError, match=message) as failure:
        SearchIndex.load(copied)
    assert str(copied) in str(failure.value)


def test_a_damaged_line_is_named(copied):
    """A text that is cut anywhere, or read as something else."""
    content = (copied / "entries.jsonl").read_bytes()
    (copied / "entries.jsonl").write_bytes(content.replace(b'"text"', b'"texT"', 1))
    index = SearchIndex.load(copied)
    assert index.entry(1) == {"text": TEXTS[1]}
    with pytest.raises(ModelFileError, match=r"entries.jsonl: line 1: texT: unknown field"):
        index.entry(0)
    offsets = np.load(copied / "offsets.npy", allow_pickle=False)
    offsets[2] = 1 << 40
    np.save(copied / "offsets.npy", offsets)
    with pytest.raises(ModelFileError, match=r"line 2: offsets.npy is damaged"):
        SearchIndex.load(copied).entry(1)
