"""The parts of `SentenceEncoder`: folders, prompts, long texts, precision, similarity."""
