"""Exports of a run: the adapter, full weights, GGUF, Ollama. Each is verified to give the same output as the adapter
before it is written.
"""
