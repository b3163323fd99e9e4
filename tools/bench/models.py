"""The models of the benchmark: their sizes, where they lie, and the FLOPs of a call."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = ROOT / ".bench-cache"
MINILM = ROOT / "weights" / "all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Shape:
    """Sizes of a BERT, in the words of its config.json."""

    num_hidden_layers: int
    hidden_size: int
    num_attention_heads: int
    intermediate_size: int

    def flops(self, lengths: Sequence[int]) -> float:
        """Of one forward pass over sequences of these lengths, padding not counted.

        For each token and layer two FLOPs for each weight of the six products, and 4 * S * H for
        scores and their sums over S tokens. Embedding, softmax, LayerNorm and GELU count nothing.
        """
        H, I = self.hidden_size, self.intermediate_size
        weights = 4 * H * H + 2 * H * I
        return float(
            sum(S * self.num_hidden_layers * (2 * weights + 4 * S * H) for S in map(int, lengths))
        )

    @property
    def weight_bytes(self) -> int:
        """What a forward pass streams: the layers' matrices in float32."""
        H = self.hidden_size
        return 4 * self.num_hidden_layers * (4 * H * H + 2 * H * self.intermediate_size)


SHAPES = {
    "l6-h384": Shape(6, 384, 12, 1536),
    "l6-h256": Shape(6, 256, 8, 1024),
    "l12-h384": Shape(12, 384, 12, 1536),
    "bert-base": Shape(12, 768, 12, 3072),
    "l6-h768": Shape(6, 768, 12, 3072),
}
# These are compared with the peers; l6-h768 is there for the card's table alone.
COMPARED = ("l6-h384", "l6-h256", "l12-h384", "bert-base")
# Rows of the model card's table, and the speed that it publishes for them.
CARD = {
    "bert-base": ("BERT-base", 1.0),
    "l6-h768": ("DistilBERT, TinyBERT 6, MiniLM 6x768", 2.0),
    "l12-h384": ("XtremeDistil l12-h384", 2.7),
    "l6-h384": ("MiniLM 6x384, XtremeDistil l6-h384", 5.3),
    "l6-h256": ("XtremeDistil l6-h256", 8.7),
}


def folder_of(name: str) -> Path:
    """l6-h384 has the real weights of all-MiniLM-L6-v2, the others random ones."""
    return MINILM if name == "l6-h384" else CACHE / name / "model"


def engine_folder(engine: str, name: str) -> Path:
    """What an engine is made from: the model's own files, or what `convert` made of them."""
    return folder_of(name) if engine in ("npdistil", "pytorch") else CACHE / name
