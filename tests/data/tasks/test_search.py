"""Search and paraphrase mining beside sentence-transformers."""

import pytest

from tools.task_cases import paraphrase_mining, search


@pytest.mark.parametrize("module", [search, paraphrase_mining], ids=["search", "mining"])
def test_search(module, compare_task) -> None:
    """Catches other scores, ranks or pairs, and a search in which all texts are alike."""
    (model,) = module.MODELS
    compare_task(module, model)


def test_a_wrong_rank_is_found(task_models, monkeypatch) -> None:
    """Catches a comparison that would let any order pass."""
    case = task_models.case(search.MODELS[0])
    plain = search.SearchIndex.search

    def second_first(self, queries, top_k):
        return [[hits[1], hits[0], *hits[2:]] for hits in plain(self, queries, top_k)]

    monkeypatch.setattr(search.SearchIndex, "search", second_first)
    assert search.compare(case, 6).unlike >= 6
    monkeypatch.setattr(paraphrase_mining, "paraphrase_mining", _reversed)
    assert paraphrase_mining.compare(case, 6).unlike >= 2


def _reversed(encoder, texts, **options):
    from npdistil import paraphrase_mining as mined

    return mined(encoder, texts, **options)[::-1]
