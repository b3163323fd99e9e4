"""What the answers of chapter 7 must do; each message says which thought is missing."""

import numpy as np

from npdistil.checkpoint.registry import entries

# Sizes that make every part of the sum another number.
SMALL = {
    "vocab_size": 1000,
    "max_position_embeddings": 50,
    "type_vocab_size": 2,
    "hidden_size": 10,
    "num_hidden_layers": 3,
    "intermediate_size": 30,
}


def check_parameter_count(parameter_count):
    """A small model, whose parts tell what was left out; then those of the card's table."""
    D, F, layers = 10, 30, 3
    exact = 1052 * D + 2 * D + layers * (4 * D * D + 2 * D * F + 9 * D + F) + D * D + D
    missing = {
        2 * D * (1 + 2 * layers): "every LayerNorm has a weight and a bias for each feature: one "
        "behind the embeddings, two in each layer",
        layers * (5 * D + F) + D: "each of a layer's six linears, and the pooler's, has a bias",
        D * D + D: "the pooler is a linear layer too, D to D",
        52 * D: "there are rows for positions and for token types, not for words alone",
    }
    found = parameter_count(SMALL)
    hint = missing.get(exact - found, "add up embeddings, layers and pooler, tensor by tensor")
    assert found == exact, f"parameter_count of {SMALL} is {found}, expected {exact}: {hint}"
    for model in entries():
        if model.pooler and model.config.type_vocab_size:
            config = {name: getattr(model.config, name) for name in SMALL}
            found = parameter_count(config)
            assert found == model.parameters, (
                f"for {model.title} parameter_count gives {found:,}, but it has "
                f"{model.parameters:,}: {hint}"
            )


def check_soft_target_loss(soft_target_loss):
    """One text at temperature 1, two texts, a temperature, and large scores."""
    teacher_BC = np.log([[0.7, 0.2, 0.1]])
    student_BC = np.log([[0.4, 0.5, 0.1]])

    def kl(p, q):
        return float((p * np.log(p / q)).sum())

    def expect(exact, hint, *arguments):
        found = soft_target_loss(*arguments)
        assert np.ndim(found) == 0, f"soft_target_loss gave {found!r}: one number for all texts"
        assert np.isclose(found, exact, rtol=1e-9, atol=1e-12), (
            f"soft_target_loss is {found:.6g}, expected {exact:.6g}: {hint}"
        )

    p, q = np.exp(teacher_BC[0]), np.exp(student_BC[0])
    hint = "KL is a sum over the classes, in which the teacher's probabilities weigh"
    expect(kl(p, q), hint, teacher_BC, student_BC, 1.0)
    both = np.concatenate([teacher_BC, student_BC]), np.concatenate([student_BC, student_BC])
    expect(kl(p, q) / 2, "it is the mean over the texts, here of two, one without loss", *both, 1.0)
    soft = [np.sqrt(x) / np.sqrt(x).sum() for x in (p, q)]
    hint = "divide scores by the temperature before softmax, and multiply the loss by temperature²"
    expect(4 * kl(*soft), hint, teacher_BC, student_BC, 2.0)
    hint = "take each row's largest score off before exp, which changes no probability"
    expect(kl(p, q), hint, teacher_BC + 3000, student_BC - 3000, 1.0)


def check_layer_pairs(layer_pairs):
    """Half as many layers, as many, and a number that does not divide the other."""
    for student, teacher in ((2, 4), (6, 12), (3, 3), (5, 12)):
        found = [tuple(map(int, pair)) for pair in layer_pairs(student, teacher)]
        call = f"layer_pairs({student}, {teacher})"
        assert len(found) == student + 1, (
            f"{call} has {len(found)} pairs, expected {student + 1}: state 0, the embeddings', "
            "takes part too"
        )
        exact = [(k, k + teacher - student) for k in range(student + 1)]
        assert found == exact, (
            f"{call} is {found}, expected {exact}: the last states belong together, so that it is "
            "the teacher's topmost that take part"
        )
