"""The nearest of many texts, and which of them say the same."""
