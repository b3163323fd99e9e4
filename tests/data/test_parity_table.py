"""The tool of the README's table counts real texts."""

from pathlib import Path

from tools.parity_table import count_texts


def test_every_text_is_counted(data_folder: Path) -> None:
    """Names that were moved since, of which `make parity` would learn after its minutes."""
    assert count_texts(data_folder) == {"STS-B dev pairs": 1500, "SQuAD questions": 6073}
