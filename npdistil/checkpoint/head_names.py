"""The names of heads on disk: what each task needs, for each family.

A head's tensors stand beside the encoder's and never carry its prefix (`names.py`). All heads but
that of masked words are linear layers, one after another.

The classifier of XtremeDistil's own code has a layer more: [CLS] -> D to the teacher's width ->
classes, both without an activation. That code keeps it in a Keras model, whose layers have no names
of ours; so there is one to be given: `projection`, beside `classifier`.
Source: microsoft/xtreme-distil-transformers, models.py, construct_transformer_student_model.
"""

from typing import Literal, NamedTuple, get_args

Task = Literal["text-classification", "token-classification", "question-answering", "fill-mask"]
TASKS: tuple[Task, ...] = get_args(Task)


class Layer(NamedTuple):
    """A linear layer of a head: name of the module, outputs and inputs, and what follows it.

    An axis is a letter of dims.py, of which only D is known beforehand, or "2".
    """

    name: str
    axes: str
    activation: str


class MaskedLMNames(NamedTuple):
    """The modules of a head of masked words, and where its bias may stand, the best place first."""

    transform: str
    norm: str
    decoder: str
    biases: tuple[str, ...]


POOLER = Layer("pooler.dense", "DD", "tanh")  # of the encoder, in the files of those who have one
_CLASSES = Layer("classifier", "CD", "identity")
_PROJECTED = (Layer("projection", "ED", "identity"), Layer("classifier", "CE", "identity"))
_SPAN = (Layer("qa_outputs", "2D", "identity"),)

# Family -> task -> heads that serve it, the usual one last. Another is meant where its first module
# is in the file.
LAYERS: dict[str, dict[Task, tuple[tuple[Layer, ...], ...]]] = {
    "bert": {
        "text-classification": (_PROJECTED, (POOLER, _CLASSES)),
        "token-classification": (_PROJECTED, (_CLASSES,)),
        "question-answering": (_SPAN,),
    },
    "distilbert": {
        "text-classification": ((Layer("pre_classifier", "DD", "relu"), _CLASSES),),
        "token-classification": ((_CLASSES,),),
        "question-answering": (_SPAN,),
    },
}
MASKED_LM: dict[str, MaskedLMNames] = {
    "bert": MaskedLMNames(
        transform="cls.predictions.transform.dense",
        norm="cls.predictions.transform.LayerNorm",
        decoder="cls.predictions.decoder.weight",
        biases=("cls.predictions.decoder.bias", "cls.predictions.bias"),
    ),
    "distilbert": MaskedLMNames(
        transform="vocab_transform",
        norm="vocab_layer_norm",
        decoder="vocab_projector.weight",
        biases=("vocab_projector.bias",),
    ),
}
# How the classes of Transformers end that have a `classifier`: the name alone does not say of what.
CLASSIFIERS: dict[str, str] = {
    "ForSequenceClassification": "text-classification",
    "ForTokenClassification": "token-classification",
    "ForMultipleChoice": "multiple-choice",
}
NEXT_SENTENCE = "cls.seq_relationship.weight"  # of BERT's other pre-training task
