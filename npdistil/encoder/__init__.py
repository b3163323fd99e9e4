"""The engine: from padded arrays to packed rows, through a backend, and back."""

from .encoder import Encoder as Encoder
