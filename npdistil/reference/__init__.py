"""The mathematics of the model in plain NumPy, in any float type; start with `forward.py`."""
