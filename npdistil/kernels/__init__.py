"""The same mathematics as `reference/`, compiled by Numba: one operation a file, on packed rows;
and in `text/` the same tokenizer as `npdistil.text`.

Importing this package compiles all kernels, or loads them from the cache, as one unit; so nothing
imports it before a model or a tokenizer asks for `backend="numba"`.
"""

from .cache import one_unit

with one_unit():
    from . import forward as forward
    from . import pooler as pooler
    from .text import encode_texts as encode_texts
    from .text import trie as trie
