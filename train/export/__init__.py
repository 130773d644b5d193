"""Exports of a run: adapter, merged weights, GGUF, Ollama. Each is verified against the adapter."""
