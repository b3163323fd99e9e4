"""The answers of Transformers 4.57.6 to cases written for it, without Transformers."""

import pytest

from npdistil import QuestionAnswering
from tools.qa.cases import REAL, WRITTEN
from tools.qa.compare import SCORES, compare, differences, golden, golden_of
from tools.qa.models import FITTED, GOLDEN, MODELS, WRITTEN_MODELS, write_model


@pytest.mark.parametrize("name", WRITTEN_MODELS)
@pytest.mark.usefixtures("minilm_folder")
def test_written_cases(name, tmp_path):
    """Catches any step that is not as there: windows, masks, softmax, words, merging, order."""
    wanted = golden_of(name, "written", WRITTEN)
    task = QuestionAnswering.from_pretrained(write_model(name, tmp_path))
    found = compare(task, WRITTEN, wanted)
    assert (found.unlike, found.inputs) == (0, len(golden(name, "written")))
    assert found.scores <= SCORES


def test_the_cases_are_worth_asking():
    """Catches goldens in which nothing is decided: one window, one answer, never none."""
    answers = golden(FITTED, "written")
    several = [found for found in answers.values() if len(found) > 1]
    assert len(several) > len(WRITTEN) / 2
    empty = [name for name, found in answers.items() if [0, 0] in [a[1:] for a in found]]
    windows = [name for name in answers if "windows" in name]
    assert len(empty) > 10 and len(windows) > 30
    places = {tuple(answer[1:]) for found in answers.values() for answer in found}
    assert len(places) > 100


@pytest.mark.usefixtures("minilm_folder")
def test_a_wrong_answer_would_be_seen(tmp_path):
    """Catches a comparison that holds for anything."""
    name, case = "xtremedistil-l6-h256", WRITTEN[0]
    task = QuestionAnswering.from_pretrained(write_model(name, tmp_path))
    (((score, start, end),),) = golden_of(name, "written", [case])
    assert compare(task, [case], [[(score, start, end)]]).good
    for wrong in ([(score, start, end + 1)], [(score, start, end), (0.1, 0, 4)], []):
        wanted = wrong or [(0.1, 0, 0)]
        assert compare(task, [case], [wanted]).unlike == 1
    assert compare(task, [case], [[(score * 1.01, start, end)]]).scores > SCORES
    assert not compare(task, [case], [[(score * 1.01, start, end)]]).good
    with pytest.raises(ValueError, match="no golden answer"):
        golden_of(name, "real", [case])


def test_differences_of_golden_files():
    """Catches a check of the golden files that holds for anything."""
    old = {"written": {"a": [[0.5, 1, 2]]}, "real": {}}
    for new in ([[0.5, 1, 3]], [[0.51, 1, 2]], [[0.5, 1, 2], [0.1, 0, 1]]):
        assert differences(old, {"written": {"a": new}, "real": {}}) == ["a"]
    assert differences(old, old) == []


def test_the_files_are_small_and_all_there():
    """Catches a model without goldens, and texts of the data sets in the repository."""
    assert {f"{name}.json" for name in MODELS} < {path.name for path in GOLDEN.iterdir()}
    assert sum(path.stat().st_size for path in GOLDEN.iterdir()) < 300_000
    for name in MODELS:
        assert len(golden(name, "real")) == REAL
        for part in ("written", "real"):
            for found in golden(name, part).values():
                assert all([*map(type, answer)] == [float, int, int] for answer in found)
