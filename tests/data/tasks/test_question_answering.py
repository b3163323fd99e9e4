"""The answers of Transformers 4.57.6 to real questions, 50 for each model.

`python tools/make_qa_goldens.py --inputs 500` compares more of them, with the pipeline itself.
"""

import pytest

from tests.tasks.answering.test_goldens import golden
from tools.make_qa_goldens import INPUTS, SCORES, compare, shown
from tools.qa.cases import TURNS, real_cases
from tools.qa.models import MODELS, write_model


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.usefixtures("minilm_folder")
def test_real_questions(name, data_folder, tmp_path, compared, tabled):
    """Catches what no written case has, at the sizes of real models."""
    wanted = golden(name)["real"]
    cases = real_cases(data_folder, INPUTS)
    assert [case.name for case in cases] == [*wanted], "make the golden files again"
    found = compare(write_model(name, tmp_path), cases, [*wanted.values()])
    assert (found.inputs, found.unlike) == (INPUTS, 0), shown(found)
    assert found.scores <= SCORES
    assert found.decided > 0.5, "most scores are near uniform"
    compared("answers of Transformers 4.57.6's question answering", INPUTS)
    head = ("model", "inputs", "unlike", "scores", "decided")
    row = (name, str(INPUTS), "0", f"{found.scores:.1e}", f"{found.decided:.0%}")
    tabled("question answering", head, row)


def test_real_questions_differ(data_folder):
    """Catches one question asked many times, or options that are never tried."""
    cases = real_cases(data_folder, INPUTS)
    assert len({case.context for case in cases}) == len({case.name for case in cases}) == INPUTS
    assert {str(case.options) for case in cases} == {str(options) for options in TURNS}
