"""What a run gives to others: the adapter, whole weights, GGUF, Ollama; each proved to say what the adapter says before it takes its place."""
