"""The tokenizer's inner loops: tries, and the one pass from bytes to ids."""
