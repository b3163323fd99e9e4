"""modules.json: which modules a sentence-transformers folder has, and where each lies.

No string of it is imported, and none becomes a path: a module's folder is the one of its known
names that the file agrees with.
"""

from pathlib import Path

from ...errors import ConfigError
from ...fields import Fields, shown
from ...files import read_json
from ...named_tuple import NamedTuple

# Old classes are under sentence_transformers.models, new ones elsewhere: the last part counts.
PACKAGE = "sentence_transformers."
FIRST = ("Transformer", "Pooling")
BEHIND = ("Dense", "Normalize", "Dropout")
TRANSFORMER_FOLDERS = ("", "0_Transformer")


class Module(NamedTuple):
    """One module of a folder."""

    kind: str  # of FIRST or BEHIND
    folder: Path


def read_modules(folder: Path) -> list[Module]:
    """Transformer, Pooling, and whatever of `BEHIND` follows in whatever order.

    Raises:
        ConfigError: the file is damaged, or names a module that is not built or not where it lies.
    """
    path = folder / "modules.json"
    listed = read_json(path, ConfigError)
    if not isinstance(listed, list):
        raise ConfigError(f"{path}: expected a list of modules, received an object.")
    names, modules = [], []
    for index, value in enumerate(listed):
        module = Fields(value, f"{path}: module {index}", ConfigError)
        sub_folder = module.text("path")
        full_name = module.text("type")
        kind = full_name.rpartition(".")[2]
        built = full_name.startswith(PACKAGE) and kind in (*FIRST, *BEHIND)
        known = TRANSFORMER_FOLDERS if index == 0 else (f"{index}_{kind}",)
        if built and sub_folder not in known:
            raise ConfigError(
                f"{module.where} ({kind}) lies in {shown(sub_folder)}, expected {known[-1]!r}."
            )
        names.append(kind if built else full_name)
        modules.append(Module(kind, folder / sub_folder))
    if tuple(names[:2]) != FIRST or not set(names[2:]) <= set(BEHIND):
        raise ConfigError(
            f"{path}: modules {names!r:.240} are not built; only Transformer and Pooling, and "
            f"behind them any of {', '.join(BEHIND)}, are."
        )
    return modules
