"""Fill-mask: words for the places that a text leaves open."""
