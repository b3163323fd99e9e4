"""Token classification: labels of tokens, of whole words, and of what they make together."""
