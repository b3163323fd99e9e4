"""Files on disk to named arrays: config.json and the weights, in any format that is read."""
