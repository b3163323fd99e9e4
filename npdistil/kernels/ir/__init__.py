"""The only place where LLVM IR is written: what a compiler does not find by itself."""
