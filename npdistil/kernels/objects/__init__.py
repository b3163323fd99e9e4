"""Object code of kernels: made by Numba once, kept in a private directory, loaded by LLVM alone."""
