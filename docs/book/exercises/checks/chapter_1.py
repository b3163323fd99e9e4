"""What the answers of chapter 1 must do; each message says which thought is missing."""

from expected import WEIGHTS

from npdistil import Tokenizer
from npdistil.text.accents import strip_accents
from npdistil.text.aligned import AlignedText


def check_longest_match(longest_match):
    """On made vocabularies first, then on the model's own."""

    def expect(word, vocabulary, pieces, hint):
        found = longest_match(word, vocabulary)
        call = f"longest_match({word!r}, {sorted(vocabulary)})"
        assert found == pieces, f"{call} is {found!r}, expected {pieces}: {hint}"

    expect("cat", {"cat", "dog"}, ["cat"], "a word of the vocabulary is one piece")
    expect("cat", {"c", "##at", "cat"}, ["cat"], "try long pieces before short ones")
    parts = {"un", "able", "##able", "##a"}
    expect("unable", parts, ["un", "##able"], 'what goes on a word is looked up with "##"')
    grown = {"a", "an", "##n", "##na", "##nas"}
    expect("ananas", {*grown, "##a"}, ["an", "##a", "##nas"], "try long pieces before short ones")
    broken = {"un", "##d", "##e"}
    expect("under", broken, ["[UNK]"], "a word with a part that nothing fits is [UNK] as a whole")
    expect("xun", broken, ["[UNK]"], "a word with a part that nothing fits is [UNK] as a whole")

    tokenizer = Tokenizer.from_pretrained(WEIGHTS, backend="python")
    vocabulary = set((WEIGHTS / "vocab.txt").read_text(encoding="utf-8").split("\n"))
    for word in ("embeddings", "unaffable", "tokenization", "xylophones", "ng", "\u2603"):
        found, pieces = longest_match(word, vocabulary), tokenizer.tokenize(word)
        assert found == pieces, f"of the model's words, {word!r} is {found!r}, expected {pieces}"


def check_strip_accents(strip_accents_of_reader):
    """Against the package's own step."""
    hints = {
        "naïve": "part letter and mark first, by NFD",
        "re\u0301sume\u0301": "take away the marks, of category Mn",
        "Αθήνα": "letters of other alphabets stay, without their accents",
        "straße": "what has no accent stays as it is, ß too",
        "ﬁve m²": "use NFD; NFKD also takes apart what only looks alike, such as ﬁ and ²",
        "\u0915\u093e\u092e": "only marks of category Mn go; those of Mc are parts of letters",
        "Zoë": "capitals stay",
    }
    for text, hint in hints.items():
        found = strip_accents_of_reader(text)
        expected = strip_accents(AlignedText.of(text)).text
        assert found == expected, (
            f"strip_accents({text!r}) is {found!r}, expected {expected!r}: {hint}"
        )


def check_find_offsets(find_offsets):
    """On texts in which each short cut shows."""
    cases = [
        ("a cat", ["a", "cat"], [(0, 1), (2, 5)], "pairs (start, end), the end behind the last"),
        ("Big Cat", ["big", "cat"], [(0, 3), (4, 7)], "pieces are in lower case, the text is not"),
        ("embeds", ["em", "##bed", "##s"], [(0, 2), (2, 5), (5, 6)], '"##" is not in the text'),
        ("as as", ["as", "as"], [(0, 2), (3, 5)], "go on searching behind the piece before"),
        ("a  b", ["a", "b"], [(0, 1), (3, 4)], "there may be several spaces"),
    ]
    for text, pieces, expected, hint in cases:
        found = find_offsets(text, pieces)
        assert [*map(tuple, found)] == expected, (
            f"find_offsets({text!r}, {pieces}) is {found}, expected {expected}: {hint}"
        )
