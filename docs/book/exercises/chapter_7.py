"""Chapter 7, distillation. Write the three functions, then run: python docs/book/check.py 7"""


def parameter_count(config):
    """How many numbers a BERT encoder has learnt: embeddings, layers and pooler. Returns an int.

    `config` has the keys of config.json: vocab_size, max_position_embeddings, type_vocab_size,
    hidden_size, num_hidden_layers, intermediate_size. Every linear layer has a bias.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def soft_target_loss(teacher_BC, student_BC, temperature):
    """temperature² · KL(teacher, student), the mean over the B texts. Returns a number.

    Both are scores before softmax, divided by the temperature before it. They may be in the
    thousands. KL(p, q) is the sum of p · log(p / q) over the classes.
    """
    raise NotImplementedError  # yours to write; until then check.py says so


def layer_pairs(student_layers, teacher_layers):
    """Which state of the student learns from which of the teacher. Returns [(student, teacher)].

    State 0 is what the embeddings give, state k what the k-th layer gives. XtremeDistil pairs all
    states of the student, in order, with as many of the teacher: its topmost.
    """
    raise NotImplementedError  # yours to write; until then check.py says so
