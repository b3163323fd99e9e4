"""The same mathematics as `reference/`, compiled by Numba: one operation a file, on packed rows.

Importing a kernel compiles it (or loads it from the cache), so nothing imports this package before
a model asks for `backend="numba"`.
"""
