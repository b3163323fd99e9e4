"""A span head: question answering with no-answer."""

from pathlib import Path
from typing import Any

import torch

from tools.fitting.body import Batch, Row, batches, below, fit, through
from tools.fitting.examples import Question, squad
from tools.squad_score import Question as Gold
from tools.squad_score import evaluate

WINDOW = 64  # tokens of a context that are learnt, with the answer somewhere in them
FROZEN = 3  # layers; a head alone finds hardly a span
SHARE_WITHOUT = 0.2  # of the learnt questions
ROWS = 1800
BATCH_TOKENS = 1000  # few: steps count for more than what each has seen
LONGEST_QUESTION, LONGEST_ANSWER, LONGEST = 40, 15, 384  # tokens; of a row that is asked
BALANCED = 60  # questions with and as many without an answer, on which "no answer" is balanced


def learn(model: Any, tokenizer: Any, data: Path) -> dict[str, float]:
    """Fit the head and the upper layers; the score on articles that were held back."""
    generator = torch.Generator().manual_seed(1)
    questions = squad(data, "train")
    order = torch.randperm(len(questions), generator=generator).tolist()
    having, without = (
        [questions[n] for n in order if bool(questions[n].answers) == wanted]
        for wanted in (True, False)
    )
    few = int(SHARE_WITHOUT * ROWS)
    chosen = [*having[: ROWS - few], *without[:few]]
    rows = [row for row in (_row(q, tokenizer, generator) for q in chosen) if row is not None]

    def loss_of(hidden: Any, batch: Batch) -> Any:
        scores = _scores(model, hidden, batch)
        losses = [
            torch.nn.functional.cross_entropy(scores[:, :, n], batch.targets[:, n]) for n in (0, 1)
        ]
        return sum(losses)

    upper = list(model.bert.encoder.layer[FROZEN:])
    fit(model, FROZEN, [model.qa_outputs, *upper], rows, loss_of, 2, 3e-4, BATCH_TOKENS)
    balance(model, tokenizer, [*having[-BALANCED:], *without[-BALANCED:]])
    return score(model, tokenizer, squad(data, "dev")[::20])


def balance(model: Any, tokenizer: Any, questions: list[Question]) -> None:
    """Move the score of "no answer" so that as many questions get it as have none.

    The two biases of the head move all tokens alike. So its weights get a multiple of the row that
    tells best (least squares) [CLS] from the other tokens of these questions.
    """
    found = [_asked(model, tokenizer, question) for question in questions]
    margins = torch.tensor([none - best for _, best, none, _ in found]).sort().values
    answerable = sum(bool(question.answers) for question in questions)
    between = (margins[answerable - 1] + margins[min(answerable, len(margins) - 1)]) / 2
    tokens = torch.cat([hidden for *_, hidden in found])
    is_first = torch.cat([(torch.arange(len(hidden)) == 0).float() for *_, hidden in found])
    features = torch.cat([tokens, torch.ones(len(tokens), 1)], 1)
    # The default driver's solution is another in every run where features nearly depend.
    direction = torch.linalg.lstsq(features, is_first[:, None], driver="gelsd").solution[:, 0]
    with torch.no_grad():  # half of it from the start and half from the end
        model.qa_outputs.weight -= between / 2 * direction[:-1]
        model.qa_outputs.bias -= between / 2 * direction[-1]


def _row(question: Question, tokenizer: Any, generator: Any) -> Row | None:
    """None where it is too long, or the answer is not made of whole tokens."""
    encoded = tokenizer(question.question, question.context, return_offsets_mapping=True)
    ids, types = encoded["input_ids"], encoded["token_type_ids"]
    first, last = types.index(1), len(ids) - 1  # of the context
    if first > LONGEST_QUESTION:
        return None
    lowest, highest, inside = first, max(first, last - WINDOW), []
    if question.answers:
        end = question.start + len(question.answers[0])
        spans = encoded["offset_mapping"]
        inside = [
            n for n in range(first, last) if spans[n][0] < end and spans[n][1] > question.start
        ]
        if not 0 < len(inside) <= LONGEST_ANSWER:
            return None
        lowest = max(first, inside[-1] + 1 - WINDOW)
        highest = max(lowest, min(highest, inside[0]))
    start = int(torch.randint(lowest, highest + 1, (1,), generator=generator))
    stop = min(start + WINDOW, last)
    target = [inside[0] - start + first, inside[-1] - start + first] if inside else [0, 0]
    kept = slice(start, stop)
    return Row(ids[:first] + ids[kept] + ids[-1:], types[:first] + types[kept] + [1], target)


def _scores(model: Any, hidden: Any, batch: Batch) -> Any:
    """[B, L, 2]; a span is of the context, or [CLS] for none."""
    allowed = batch.mask & (batch.token_type_ids == 1)
    allowed[:, 0] = True
    return model.qa_outputs(hidden).masked_fill(~allowed[:, :, None], -1e4)


def score(model: Any, tokenizer: Any, questions: list[Question]) -> dict[str, float]:
    """The official figures in percent: of all questions, and of those that have an answer.

    The latter also as they are where "no answer" is not allowed.
    """
    found = {question.id: _asked(model, tokenizer, question) for question in questions}
    spans = {name: text for name, (text, *_) in found.items()}
    answers = {name: "" if none >= best else text for name, (text, best, none, _) in found.items()}
    golds = [Gold(question.id, question.answers) for question in questions]
    official = evaluate(golds, answers)
    always = evaluate([gold for gold in golds if gold.answers], spans)
    return {
        "exact": official["exact"],
        "f1": official["f1"],
        "exact of those with an answer": official["HasAns_exact"],
        "f1 of those with an answer": official["HasAns_f1"],
        "exact of those with an answer, if one must be given": always["exact"],
        "f1 of those with an answer, if one must be given": always["f1"],
    }


def _asked(model: Any, tokenizer: Any, question: Question) -> tuple[str, float, float, Any]:
    """The best span, its score, the score of none, and the hidden rows [L, D]."""
    encoded = tokenizer(
        question.question, question.context, return_offsets_mapping=True,
        truncation="only_second", max_length=LONGEST,
    )  # fmt: skip
    (batch,) = batches([Row(encoded["input_ids"], encoded["token_type_ids"], 0)])
    with torch.no_grad():
        hidden = through(model.bert, below(model.bert, batch, FROZEN), batch, FROZEN, 6)
        start, end = _scores(model, hidden, batch)[0].unbind(-1)
    sums = start[:, None] + end[None, :]
    allowed = torch.ones_like(sums).triu().tril(LONGEST_ANSWER - 1).bool()
    allowed[0] = False
    sums = sums.masked_fill(~allowed, -1e5)
    first, last = divmod(int(sums.argmax()), len(start))
    spans = encoded["offset_mapping"]
    text = question.context[spans[first][0] : spans[last][1]]
    return text, float(sums.max()), float(start[0] + end[0]), hidden[0]
