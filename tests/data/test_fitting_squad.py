"""How the head of heads/squad is fitted, on a few real questions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from tools.fitting import squad
from tools.fitting.examples import Question
from tools.fitting.examples import squad as questions_of
from tools.squad_score import normalized
from tools.task_cases.models import MINILM


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """As the tool has it."""
    found = transformers.AutoTokenizer.from_pretrained(MINILM, model_max_length=512)
    found.backend_tokenizer.no_truncation()
    found.backend_tokenizer.no_padding()
    return found


@pytest.fixture
def few(data_folder: Path) -> Callable[[int, int], list[Question]]:
    """So many with an answer, and so many without."""
    questions = questions_of(data_folder, "train")

    def chosen(having: int, without: int) -> list[Question]:
        both = [[q for q in questions if bool(q.answers) == wanted] for wanted in (True, False)]
        return [*both[0][:having], *both[1][:without]]

    return chosen


def test_a_window_holds_its_answer(few, tokenizer):
    """Catches targets that are not moved with the window, and one at a place that never varies."""
    generator = torch.Generator().manual_seed(0)
    places = set()
    for question in few(40, 10):
        row = squad._row(question, tokenizer, generator)
        if row is None:
            continue
        start, end = row.target
        context = row.types.index(1)
        assert len(row.ids) == len(row.types) <= context + squad.WINDOW + 1
        assert row.ids[-1] == tokenizer.sep_token_id
        if question.answers:
            places.add(start - context)
            shown = normalized(tokenizer.decode(row.ids[start : end + 1]).replace(" - ", "-"))
            assert shown.replace(" ", "") == normalized(question.answers[0]).replace(" ", "")
        else:
            assert row.target == [0, 0]
    assert len(places) > 10


def test_as_many_have_no_answer_as_have_none(few, tokenizer):
    """Catches a head that says hardly anything but "no answer", which scores well."""
    model: Any = transformers.BertForQuestionAnswering.from_pretrained(MINILM).eval()
    head = model.qa_outputs  # of numbers of its own: others may draw from the global generator
    torch.nn.init.normal_(head.weight, std=0.02, generator=torch.Generator().manual_seed(1))
    torch.nn.init.zeros_(head.bias)
    questions = few(9, 5)

    def refused() -> int:
        asked = [squad._asked(model, tokenizer, question) for question in questions]
        return sum(none >= best for _, best, none, _ in asked)

    squad.balance(model, tokenizer, questions)
    assert refused() == 5
