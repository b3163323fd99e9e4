"""Questions and contexts in, the stretches of the contexts that answer them out."""
