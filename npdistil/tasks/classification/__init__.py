"""One answer a text or pair of texts: classes, labels chosen at the call, relevance scores."""
