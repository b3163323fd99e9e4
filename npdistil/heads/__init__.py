"""What turns token rows into an answer; no arithmetic beyond calls to a backend."""
