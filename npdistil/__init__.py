"""XtremeDistil and its BERT family on a CPU: exact, small, and readable in an afternoon."""

__version__ = "0.1.0"
