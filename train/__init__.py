"""The trainer: LoRA and QLoRA on a split, measured against the model it started from. A process of its own, always."""
