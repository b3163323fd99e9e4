"""The same mathematics as `reference/`, compiled by Numba: one operation a file, on packed rows;
and in `text/` the same tokenizer as `npdistil.text`.

The rest of the package calls what `entries.py` and `text/entries.py` name: object code that
`objects/` loads, and makes where there is none yet. So Numba is imported, and the files of kernels
with it, when something has to be compiled and never else.
"""
