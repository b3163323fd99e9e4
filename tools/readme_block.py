"""A part of README.md that a tool writes, between two markers that carry the part's name."""


def markers(name: str) -> tuple[str, str]:
    """The lines before and after the part.

    >>> markers("parity")
    ('<!-- parity:begin -->', '<!-- parity:end -->')
    """
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def read_block(readme: str, name: str) -> str:
    """What stands between the markers.

    Raises:
        ValueError: the markers are not there exactly once, in order.
    """
    begin, end = markers(name)
    before, found_begin, rest = readme.partition(begin)
    block, found_end, after = rest.partition(end)
    if not found_begin or not found_end or begin in rest or end in before + after:
        raise ValueError(f"README.md needs {begin} and {end}, each once and in this order.")
    return block.strip("\n")


def replace_block(readme: str, name: str, block: str) -> str:
    """The text with another block between the markers.

    Raises:
        ValueError: the markers are not there exactly once, in order.
    """
    read_block(readme, name)
    begin, end = markers(name)
    before, _, rest = readme.partition(begin)
    return f"{before}{begin}\n{block}\n{end}{rest.partition(end)[2]}"
