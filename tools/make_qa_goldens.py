"""Write tests/golden/question_answering/: what the pipeline of Transformers 4.57.6 answers.

    python tools/make_qa_goldens.py                  write the files
    python tools/make_qa_goldens.py --check          exit 1 unless they are made again as they are
    python tools/make_qa_goldens.py --inputs 500     compare npdistil with so many real questions
    python tools/make_qa_goldens.py --fit            fit span_head.json anew; then write the files

Transformers 5 has no such pipeline, so it runs in an environment of its own, .venv-qa, which the
first call makes (two packages, versions pinned; `--environment` names one that is there). Needs
weights/all-MiniLM-L6-v2, and the real texts of NPDISTIL_DATA. Of those no text is written: an
answer is its place in the context, and is compared with the context here.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from npdistil.tasks.answering.question_answering import QuestionAnswering
from tools.qa.cases import REAL, WRITTEN, Case, real_cases, squad
from tools.qa.compare import Answer, compare, differences, plain
from tools.qa.models import GOLDEN, MODELS, ROOT, WRITTEN_MODELS, write_model

COMMAND = "python tools/make_qa_goldens.py"
PACKAGES = ("transformers==4.57.6", "torch==2.13.0")
ENVIRONMENT = ROOT / ".venv-qa"
PEER = Path(__file__).resolve().parent / "qa" / "peer.py"
# What the span head is fitted on: of XQuAD's questions, and of those that have no answer.
ANSWERED, UNANSWERED = slice(0, None, 3), slice(0, None, 16)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, check or compare."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.inputs is not None and not 1 <= options.inputs <= REAL:
        parser.error(f"--inputs: 1 to {REAL}")
    data = Path(os.environ.get("NPDISTIL_DATA", ""))
    if not (data / "squad" / "xquad.en.json").exists():
        print("make_qa_goldens: NPDISTIL_DATA must name the real texts.", file=sys.stderr)
        return 2
    python = environment(options.environment)
    if options.fit:
        from tools.qa.fit import fit

        both = [squad(data, name) for name in ("xquad.en.json", "cs224n-dev-v2.0.json")]
        without = [item for item in both[1] if "text" not in item]
        share = fit([*both[0][ANSWERED], *without[UNANSWERED]])
        print(f"span head: both ends right for {share:.1%} of its training questions")
    good = True
    for name in options.models or MODELS:
        with tempfile.TemporaryDirectory() as temporary:
            folder = write_model(name, Path(temporary))
            if options.inputs:
                cases = real_cases(data, options.inputs)
                wanted = answers_of(python, folder, cases)
                found = compare(QuestionAnswering.from_pretrained(folder), cases, wanted)
                print(f"{name}: {found}", flush=True)
                good &= found.good
            else:
                good &= _write_or_check(name, python, folder, data, options.check)
    return 0 if good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Golden answers of Transformers 4.57.6 for question answering.",
    )
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, metavar="FOLDER")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing, compare scores to 1e-3")
    mode.add_argument("--inputs", type=int, metavar="N", help="write nothing, compare npdistil")
    mode.add_argument("--fit", action="store_true", help="fit the span head first")
    parser.add_argument("--models", nargs="+", choices=MODELS, help="default: all")
    return parser


def environment(folder: Path) -> Path:
    """The Python of the peer's environment, which is made or completed if need be."""
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    names = [package.partition("==")[0] for package in PACKAGES]
    code = f"from importlib.metadata import version as v; print(*map(v, {names}))"
    asked = subprocess.run([str(python), "-c", code], capture_output=True, text=True)
    found = [number.partition("+")[0] for number in asked.stdout.split()]  # torch 2.13.0+cpu
    if [f"{name}=={number}" for name, number in zip(names, found, strict=False)] != [*PACKAGES]:
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    return python


def answers_of(python: Path, folder: Path, cases: Sequence[Case]) -> list[list[Answer]]:
    """What the pipeline answers to each case."""
    asked = json.dumps([[case.question, case.context, case.options] for case in cases])
    quiet = {**os.environ, "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [str(python), str(PEER), str(folder)],
        input=asked,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env=quiet,
        check=True,
    )
    results = json.loads(done.stdout)
    return [plain(result, case) for result, case in zip(results, cases, strict=True)]


def _write_or_check(name: str, python: Path, folder: Path, data: Path, check: bool) -> bool:
    start = time.perf_counter()
    real = real_cases(data)
    written = WRITTEN if name in WRITTEN_MODELS else []
    answers = answers_of(python, folder, [*written, *real])
    content = {
        "made_by": COMMAND,
        "made_with": ", ".join(PACKAGES),
        "written": dict(zip((case.name for case in written), answers, strict=False)),
        "real": dict(zip((case.name for case in real), answers[len(written) :], strict=True)),
    }
    path = GOLDEN / f"{name}.json"
    if check:
        wrong = [*differences(json.loads(path.read_text("utf-8")), content)]
        print(f"{name}: {'as made again' if not wrong else 'DIFFERS: ' + ', '.join(wrong[:5])}")
        return not wrong
    text = json.dumps(content, separators=(",", ":")).replace("]],", "]],\n")  # a case a line
    path.write_text(text + "\n", "utf-8")
    seconds = time.perf_counter() - start
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes, {seconds:.0f} s", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
