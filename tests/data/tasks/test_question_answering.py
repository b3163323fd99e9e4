"""Real questions beside Transformers' logits, and beside the answers of Transformers 4.57.6."""

import pytest

from npdistil import QuestionAnswering
from tests.data.tasks.conftest import INPUTS
from tools.qa.cases import REAL, TURNS, real_cases
from tools.qa.compare import compare, golden_of
from tools.qa.models import FITTED, write_model
from tools.task_cases import question_answering


@pytest.mark.parametrize("model", question_answering.MODELS)
def test_question_answering(model: str, compare_task) -> None:
    """Catches what no written case has, at the sizes of real models."""
    compare_task(question_answering, model)


@pytest.mark.usefixtures("minilm_folder")
def test_golden_answers_of_a_fitted_head(data_folder, tmp_path, compared):
    """Catches answers that are wrong where scores mean something, "no answer" among them."""
    cases = real_cases(data_folder, INPUTS)
    wanted = golden_of(FITTED, "real", cases)
    task = QuestionAnswering.from_pretrained(write_model(FITTED, tmp_path))
    found = compare(task, cases, wanted)
    assert (found.inputs, found.good) == (INPUTS, True), str(found)
    assert sum(answers[0][1:] == [0, 0] for answers in wanted) > 5
    compared("answers of Transformers 4.57.6's question answering", INPUTS)


def test_real_questions_differ(data_folder):
    """Catches one question asked many times, or options that are never tried."""
    for count in (INPUTS, REAL):
        cases = real_cases(data_folder, count)
        assert len({case.name for case in cases}) == len(cases) == count
        assert len({case.context for case in cases}) > 0.7 * count
        assert {str(case.options) for case in cases} == {str(options) for options in TURNS}
