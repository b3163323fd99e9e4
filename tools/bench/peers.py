"""The peers, each at its best: a forward pass of padded batches to last_hidden_state, float32.

Nothing here is imported before an engine is made, so that a process holds one engine alone.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from npdistil.dims import Floats
from tools.bench.workloads import Int32, Work


class Peer:
    """What the peers share: batches of a workload, and the rows that are compared."""

    def batch(self, input_ids_BL: Int32, attention_mask_BL: Int32) -> Any:
        """A batch as the engine takes it."""
        raise NotImplementedError

    def forward(self, batch: Any) -> Any:
        """What is timed; the result may be the engine's own kind of array."""
        raise NotImplementedError

    def prepare(self, work: Work) -> Any:
        """All batches."""
        return [self.batch(*pair) for pair in work.padded_batches()]

    def run(self, prepared: Any) -> None:
        """Every batch, results dropped: pooling them would cost the peers more, not less."""
        for batch in prepared:
            self.forward(batch)

    def outputs(self, work: Work) -> Floats:
        """Rows to compare: of tokens, or for a ragged workload the mean of each text."""
        rows: list[Floats] = []
        for ids_BL, mask_BL in work.padded_batches():
            hidden_BLD = np.asarray(self.forward(self.batch(ids_BL, mask_BL)))
            texts = [hidden[mask == 1] for hidden, mask in zip(hidden_BLD, mask_BL, strict=True)]
            rows += [text.mean(axis=0, keepdims=True) for text in texts] if work.ragged else texts
        return np.concatenate(rows)


class PyTorch(Peer):
    """Transformers' model with its default attention, without the pooler."""

    def __init__(self, folder: Path, threads: int) -> None:
        import torch
        from transformers import AutoModel

        torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("highest")
        self._torch = torch
        self._model = AutoModel.from_pretrained(folder, add_pooling_layer=False).eval()

    def batch(self, input_ids_BL: Int32, attention_mask_BL: Int32) -> Any:
        """Tensors."""
        return [
            self._torch.from_numpy(array.astype(np.int64))
            for array in (input_ids_BL, attention_mask_BL)
        ]

    def forward(self, batch: Any) -> Any:
        """See `Peer`."""
        with self._torch.inference_mode():
            return self._model(*batch).last_hidden_state


class OnnxRuntime(Peer):
    """The graph that ONNX Runtime's own optimizer fused for BERT."""

    def __init__(self, folder: Path, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            folder / "fused.onnx", options, providers=["CPUExecutionProvider"]
        )

    def batch(self, input_ids_BL: Int32, attention_mask_BL: Int32) -> Any:
        """Inputs by name."""
        return {
            "input_ids": input_ids_BL.astype(np.int64),
            "attention_mask": attention_mask_BL.astype(np.int64),
        }

    def forward(self, batch: Any) -> Any:
        """See `Peer`."""
        return self._session.run(None, batch)[0]


class OpenVino(Peer):
    """The plain ONNX file, which it fuses by itself; bfloat16, its default on some, is off."""

    def __init__(self, folder: Path, threads: int) -> None:
        import openvino

        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
        }
        compiled = openvino.Core().compile_model(folder / "plain.onnx", "CPU", settings)
        self._request = compiled.create_infer_request()

    def batch(self, input_ids_BL: Int32, attention_mask_BL: Int32) -> Any:
        """Inputs in order."""
        return [input_ids_BL.astype(np.int64), attention_mask_BL.astype(np.int64)]

    def forward(self, batch: Any) -> Any:
        """See `Peer`; inputs and output are not copied."""
        return self._request.infer(batch, share_inputs=True, share_outputs=True)[0]


class CTranslate2(Peer):
    """Its own model format; it drops padding around its matrix products."""

    def __init__(self, folder: Path, threads: int) -> None:
        import ctranslate2

        self._view = ctranslate2.StorageView.from_array
        self._encoder = ctranslate2.Encoder(
            str(folder / "ctranslate2"),
            device="cpu",
            compute_type="float32",
            inter_threads=1,
            intra_threads=threads,
        )

    def batch(self, input_ids_BL: Int32, attention_mask_BL: Int32) -> Any:
        """Ids and lengths; padding is on the right."""
        lengths_B = attention_mask_BL.sum(axis=1, dtype=np.int32)
        return self._view(input_ids_BL), self._view(lengths_B)

    def forward(self, batch: Any) -> Any:
        """See `Peer`."""
        return self._encoder.forward_batch(*batch).last_hidden_state


PEERS: dict[str, Callable[[Path, int], Peer]] = {
    "pytorch": PyTorch,
    "onnxruntime": OnnxRuntime,
    "openvino": OpenVino,
    "ctranslate2": CTranslate2,
}
