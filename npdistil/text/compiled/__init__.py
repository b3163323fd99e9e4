"""The readable steps of `text/` as tables, for the one pass of `kernels/text/`.

Importing this compiles kernels (or loads them from the cache), so nothing imports it before a
tokenizer is made with `backend="numba"`.
"""
