"""`Explained` to a page: what the browser draws, and below it the same in plain tables."""

from importlib.resources import files

from ..pages.shell import escaped, shell
from .record import Explained, Label, Way

_ASSETS = files(__package__).joinpath("assets")
_ORDINALS = "First text", "Second text"
# The steps of `Way`, as a reader calls them.
_STEPS = {
    "given": "as given",
    "cleaned": "control characters deleted, white space made plain",
    "ideographs": "Chinese characters set apart",
    "accents": "accents stripped",
    "lower": "lower case",
}
_LONGEST_TITLE = 60


def page_html(explained: Explained) -> str:
    """One HTML document that needs nothing else; the same bytes for the same object.

    Args:
        explained: of `record.explained`.
    """
    return shell(
        _title(explained),
        _assets(".html") + _plain(explained),
        styles=_assets(".css"),
        scripts=_assets(".js"),
        data=explained,
    )


def _assets(suffix: str) -> str:
    """All files of a kind, in the order of their names."""
    found = sorted(file.name for file in _ASSETS.iterdir() if file.name.endswith(suffix))
    return "".join(_ASSETS.joinpath(name).read_text(encoding="utf-8") for name in found)


def _title(explained: Explained) -> str:
    text = " ".join(" / ".join(way["text"] for way in explained["ways"]).split())
    if len(text) > _LONGEST_TITLE:
        text = f"{text[:_LONGEST_TITLE]}…"
    return f"{explained['model']}: {text}" if explained["model"] else text


def _plain(explained: Explained) -> str:
    """The section "plain": for readers without scripts, and for print."""
    sizes = (
        f"{explained['model_type']}, {explained['layers']} layers of {explained['heads']} heads, "
        f"{explained['hidden_size']} features"
    )
    ways = explained["ways"]
    parts = [
        '<section id="plain">',
        "<h2>From characters to ids</h2>",
        f'<p class="quiet">{escaped(explained["model"] or "The model")}: {escaped(sizes)}.</p>',
        *(
            _way(way, name if ways[1:] else "Text")
            for way, name in zip(ways, _ORDINALS, strict=False)
        ),
        _tokens(explained),
    ]
    if explained["head_scores"] is not None:
        parts.append(_scores(explained["head_scores"]))
    return "\n".join([*parts, "</section>"])


def _way(way: Way, name: str) -> str:
    rows = [
        [_STEPS[step["name"]], _text(step["text"]) if step["used"] else "this model leaves it out"]
        for step in way["steps"]
    ]
    rows.append(["words", " ".join(f"<code>{_text(word['text'])}</code>" for word in way["words"])])
    cut = way["cut"]
    words = ("1 more token", "was", "is") if cut == 1 else (f"{cut} more tokens", "were", "are")
    note = "<p>{} of this text {} too many and {} left out.</p>\n".format(*words) if cut else ""
    return note + _table(name, ["Step", "The text then"], rows)


def _tokens(explained: Explained) -> str:
    rows = [
        [
            str(number),
            f"<code>{_text(token['piece'])}</code>",
            str(token["id"]),
            _text(token["text"]),
            "" if token["special"] else f"{token['start']} to {token['end']}",
            str(token["type"]),
        ]
        for number, token in enumerate(explained["tokens"])
    ]
    head = ["Column", "Piece", "Id", "In the text", "Characters", "Token type"]
    if not explained["token_types"]:
        head[-1] = "Text"  # this model does not tell its texts apart
    return _table("Tokens", head, rows)


def _scores(labels: list[Label]) -> str:
    rows = [[_text(one["label"]), f"{one['score']:.4g}"] for one in labels]
    return _table("What the head says", ["Label", "Score"], rows)


def _table(caption: str, head: list[str], rows: list[list[str]]) -> str:
    """A table; cells are HTML."""
    titles = "".join(f'<th scope="col">{title}</th>' for title in head)
    lines = "\n".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table>\n<caption>{caption}</caption>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{lines}\n</tbody>\n</table></div>"
    )


def _text(text: str) -> str:
    """Text of the user's: whichever way it is written, what follows keeps its own direction."""
    return f"<bdi>{escaped(text)}</bdi>"
