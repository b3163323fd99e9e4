"""The wheel, installed alone in an empty environment, embeds a text."""

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import numpy as np
import pytest

import npdistil

ROOT = Path(__file__).parent.parent
DEPENDENCIES = {"numpy", "numba", "llvmlite", "safetensors", "regex"}


def run(*command: str | Path, **options) -> str:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    """An sdist of the checkout, and a wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


def test_wheel_works_alone(dist, tmp_path, minilm_folder):
    """A dependency that only the test environment has, or a data file that was not packed.

    The kernels are compiled anew there, so this also shows that they need no SciPy.
    """
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    (wheel,) = dist.glob("*.whl")
    run(scripts / "python", "-m", "pip", "install", "--quiet", wheel)

    listed = json.loads(run(scripts / "python", "-m", "pip", "list", "--format=json"))
    installed = {package["name"].lower() for package in listed} - {"pip", "setuptools"}
    assert installed == DEPENDENCIES | {"npdistil"}

    assert run(scripts / "npdistil", "--version") == f"npdistil {npdistil.__version__}\n"
    output = tmp_path / "vector.npy"
    environment = {**os.environ, "NPDISTIL_CACHE_DIR": str(tmp_path / "cache")}
    run(
        scripts / "npdistil", "embed", "-", "-m", minilm_folder, "-o", output,
        input="One embedding.\n", env=environment, cwd=tmp_path,
    )  # fmt: skip
    expected = npdistil.SentenceEncoder.from_pretrained(minilm_folder).encode(["One embedding."])
    np.testing.assert_array_equal(np.load(output), expected)


def test_archives_hold_what_they_should(dist):
    """Weights or caches packed by accident, or a wheel without tables, types and licence."""
    (wheel,), (sdist,) = dist.glob("*.whl"), dist.glob("*.tar.gz")
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "npdistil/py.typed",
        "npdistil/checkpoint/parity.json",
        "npdistil/checkpoint/registry.toml",
        "npdistil/explain/assets/main.js",
        "npdistil/explain/assets/page.html",
        "npdistil/pages/base.css",
        "npdistil/text/unicode_tables.txt",
    } <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert {name.partition("/")[0] for name in names} == {
        "npdistil",
        f"npdistil-{npdistil.__version__}.dist-info",
    }
    with tarfile.open(sdist) as archive:
        packed = archive.getnames()
    assert not [name for name in packed if "__pycache__" in name or "weights/all" in name]
    assert any(name.endswith("tests/conftest.py") for name in packed)
