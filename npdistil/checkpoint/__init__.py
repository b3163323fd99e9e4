"""Files on disk to named arrays: config.json and model.safetensors."""
