"""Looking inside a forward pass: names, what was seen, what is replaced, and what that tells."""
