"""A page that shows what a model does with one text, from characters to the last layer."""
