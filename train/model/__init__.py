"""The model: its base, adapters, loss on packed texts, and generation."""
