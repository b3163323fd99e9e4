"""What somebody is about to load, which decides what files a model must have."""

from typing import Literal

# Hidden states, ids, or vectors of texts, which takes both and how to pool; "settings" is the
# latter without the weights; a task takes both as well, and no pooling.
Need = Literal["encoder", "tokenizer", "sentence", "settings", "task"]
