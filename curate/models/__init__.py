"""Find and load models, tokenizers, chat templates and embeddings."""
