"""Pages that are one file and need no network."""
