"""The house rules, checked by machine; each check is shown to fail on code that breaks its rule."""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "npdistil"
MAX_LINES = 400

# Lower ranks first; equal ranks are neighbours and never import each other.
RANK = {
    "errors": 0,
    "named_tuple": 0,
    "arguments": 1,
    "blas": 1,
    "cgroup": 1,
    "dims": 1,
    "families": 1,
    "files": 1,
    "progress": 1,
    "version": 0,
    "fields": 2,
    "pages": 2,
    "threads": 2,
    "workers": 2,
    "config": 3,
    "params": 4,
    "checkpoint": 5,
    "reference": 5,
    "kernels": 5,
    "trace": 5,
    "text": 6,
    "encoder": 6,
    "heads": 7,
    "tasks": 8,
    "explain": 9,
    "parity": 9,
    "chroma": 10,
    "cli": 10,
    "langchain": 10,
    "llama_index": 10,
    "sklearn": 10,
    "__init__": 11,
    "__main__": 11,
}
# The only places that may import these at all.
ONLY_IN = {
    "numba": "kernels/",
    "llvmlite": ("kernels/ir/", "kernels/objects/"),
    "safetensors": "checkpoint/",
    "h5py": "checkpoint/",
    "regex": "text/",
    "tqdm": "progress.py",
    "pyarrow": "cli/write_parquet.py",
    "shtab": "cli/completion.py",
    "huggingface_hub": ("checkpoint/hub_download.py", "checkpoint/hub_listing.py"),
    "sklearn": "sklearn.py",
    "langchain_core": "langchain.py",
    "llama_index": "llama_index.py",
    "chromadb": "chroma.py",
    "torch": "parity/transformers_",
    "transformers": "parity/transformers_",
    "sentence_transformers": "parity/transformers_",
    "onnxruntime": "parity/onnx_side.py",
    "matplotlib": "explain/plots.py",
    "pytest": "parity/pytest_plugin.py",
    "tokenizers": "nowhere",
    "scipy": "nowhere",
    "pickle": "nowhere",
    "unicodedata": "nowhere",
}


DOCUMENTED_DUNDERS = ("__init__", "__call__")  # where the public arguments stand


def forbidden_imports(package: Path) -> Iterator[str]:
    """Imports that go up or sideways, and foreign packages outside their place."""
    for path in sorted(package.rglob("*.py")):
        here = path.relative_to(package)
        parts = here.with_suffix("").parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            level = getattr(node, "level", 0)
            module = getattr(node, "module", None)
            for name in [module] if module else [alias.name for alias in node.names]:
                if level:
                    goal = (*parts[: len(parts) - level], *name.split("."))[0]
                    source = parts[0]
                    version_of_package = goal not in RANK and source == "cli"
                    if source != goal and not version_of_package and RANK[goal] >= RANK[source]:
                        yield f"{here}:{node.lineno}: {source} may not import {goal}"
                else:
                    home = ONLY_IN.get(name.split(".")[0])
                    if home and not here.as_posix().startswith(home):
                        yield f"{here}:{node.lineno}: {name} belongs in {home}"
                    if name.split(".")[0] == package.name:
                        yield f"{here}:{node.lineno}: imports inside the package are relative"


def overlong_files(package: Path) -> Iterator[str]:
    """Files above the ceiling."""
    for path in sorted(package.rglob("*.py")):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_LINES:
            yield f"{path.relative_to(package)}: {lines} lines"


def public_definitions(
    path: Path,
) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
    """Public functions, classes and methods of a file, with their qualified names."""

    def walk(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.ClassDef]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef) and (
                child.name[0] != "_" or child.name in DOCUMENTED_DUNDERS
            ):
                if any(ast.unparse(decorator) == "overload" for decorator in child.decorator_list):
                    continue  # its implementation has the docstring
                yield prefix + child.name, child
                if isinstance(child, ast.ClassDef):
                    yield from walk(child, f"{prefix}{child.name}.")

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), "")


def docstring_faults(package: Path) -> Iterator[str]:
    """Public names without a docstring, and documented arguments that differ from the signature."""
    for path in sorted(package.rglob("*.py")):
        for name, node in public_definitions(path):
            where = f"{path.relative_to(package)}: {name}"
            text = ast.get_docstring(node)
            if not text and name.rpartition(".")[2] not in DOCUMENTED_DUNDERS:
                yield f"{where}: no docstring"
            elif text and isinstance(node, ast.FunctionDef):
                yield from _argument_faults(where, text, node)


def _argument_faults(where: str, text: str, node: ast.FunctionDef) -> Iterator[str]:
    section = re.search(r"^Args:\n((?:[ ]{4}.*\n|\n)+)", text + "\n", re.MULTILINE)
    if section:
        documented = re.findall(r"^ {4}\*{0,2}(\w+):", section[1], re.MULTILINE)
        arguments = node.args
        names = [a.arg for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
        names += [extra.arg for extra in (arguments.vararg, arguments.kwarg) if extra]
        actual = [name for name in names if name not in ("self", "cls")]
        if documented != actual:
            yield f"{where}: documents {documented}, takes {actual}"


def bare_ignores(package: Path) -> Iterator[str]:
    """Lines that silence the type checker, without a reason behind it or on the line above."""
    for path in sorted(package.rglob("*.py")):
        lines = ["", *path.read_text(encoding="utf-8").splitlines()]
        for above, line in pairwise(lines):
            found = re.search(r"# type: ignore\S*(.*)", line)
            if found and "#" not in found[1] and not above.lstrip().startswith("# "):
                yield f"{path.relative_to(package)}: {line.strip()}: silences without a reason"


def test_imports_run_one_way():
    """A cycle in the making, or Numba creeping into a folder that must load without it."""
    assert list(forbidden_imports(PACKAGE)) == []


def test_no_file_is_above_the_ceiling():
    """A file that nobody reads in one go."""
    assert list(overlong_files(PACKAGE)) == []
    assert list(overlong_files(PACKAGE.parent / "tests")) == []
    assert list(overlong_files(PACKAGE.parent / "tools")) == []


def test_the_type_checker_is_silenced_for_a_reason():
    """An error of types that was put away instead of understood."""
    assert list(bare_ignores(PACKAGE)) == []


def test_docstrings_match_signatures():
    """An argument that was renamed in the code and not in its documentation."""
    assert list(docstring_faults(PACKAGE)) == []


@pytest.mark.parametrize(
    "file, code, check, fault",
    [
        ("text/a.py", "from ..encoder import x", forbidden_imports, "text may not import encoder"),
        ("kernels/a.py", "from ..text.b import x", forbidden_imports, "may not import text"),
        ("text/a.py", "import numba.core", forbidden_imports, "numba.core belongs in kernels/"),
        ("tasks/a.py", "import torch", forbidden_imports, "torch belongs in parity/"),
        ("explain/a.py", "from ..parity import x", forbidden_imports, "may not import parity"),
        ("tasks/a.py", "import package", forbidden_imports, "are relative"),
        ("dims.py", "def f():\n    from .config import x", forbidden_imports, "may not import"),
        ("dims.py", "\n" * 401, overlong_files, "401 lines"),
        ("dims.py", "def f():\n    pass", docstring_faults, "f: no docstring"),
        (
            "dims.py",
            'def m(a):\n    """M.\n\n    Args:\n        b: c\n    """',
            docstring_faults,
            "m: documents ['b'], takes ['a']",
        ),
        (
            "dims.py",
            'class C:\n  """C."""\n  def __call__(self, a):\n'
            '    """M.\n\n    Args:\n        b: c\n    """',
            docstring_faults,
            "C.__call__: documents ['b'], takes ['a']",
        ),
        ("text/a.py", "x = 1  # type: ignore[assignment]", bare_ignores, "without a reason"),
        ("kernels/a.py", "from llvmlite import ir", forbidden_imports, "llvmlite belongs in"),
    ],
)
def test_each_check_can_fail(tmp_path, file, code, check, fault):
    """A check that never fires guards nothing."""
    package = tmp_path / "package"
    path = package / file
    path.parent.mkdir(parents=True)
    path.write_text(code)
    (found,) = check(package)
    assert fault in found
