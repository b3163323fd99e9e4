"""From text to ids: the readable tokenizer, one small file a step."""
