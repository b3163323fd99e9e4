"""What all tasks of a model with a head share: loading by the class itself, public parts."""

import pytest

import npdistil
from npdistil import InputError, NpdistilError
from npdistil.tasks.head_task import HeadTask
from tests.tasks.head_folders import write_masked_lm, write_token_classifier

TEXT = "the [MASK] c"


@pytest.mark.parametrize("name", ["FillMask", "TokenClassification"])
def test_a_folder_in_the_constructor_is_loaded(tmp_path, name):
    """Catches AttributeError for what users of sentence-transformers write first."""
    write = {"FillMask": write_masked_lm, "TokenClassification": write_token_classifier}[name]
    kind, folder = getattr(npdistil, name), write(tmp_path)
    made = kind(str(folder), "numpy")
    assert made(TEXT) == kind(folder, backend="numpy")(TEXT)
    assert made(TEXT) == kind.from_pretrained(folder, "numpy")(TEXT) == kind(made.model)(TEXT)
    assert made.tokenizer is made.model.tokenizer and made.max_length == made.model.max_length


def test_every_class_loads_in_one_way():
    """Catches a class with a from_pretrained of its own, and one without defaults for calls."""
    kinds = [getattr(npdistil, name) for name in npdistil.__all__]
    tasks = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, HeadTask)]
    assert len(tasks) == 6
    for kind in tasks:
        assert "from_pretrained" not in vars(kind)
        with pytest.raises(InputError, match=f"^nothing: no option of {kind.__name__}; it takes "):
            kind("no folder", nothing=1)
        with pytest.raises(NpdistilError, match="no such folder"):
            kind("/no/such/folder")


def test_options_of_loading_need_something_to_load(tmp_path):
    """Catches backend="numpy" that a loaded model leaves without effect."""
    model = npdistil.FillMask(write_masked_lm(tmp_path)).model
    for option in ({"backend": "numpy"}, {"num_threads": 1}, {"revision": "main"}):
        with pytest.raises(InputError, match="are of loading, and this model is loaded"):
            npdistil.FillMask(model, **option)


def test_the_mask_is_public(tmp_path):
    """Catches an id that callers have to take from a private place."""
    task = npdistil.FillMask(write_masked_lm(tmp_path))
    assert task.mask_id == task.tokenizer.mask_token_id is not None
