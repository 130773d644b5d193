"""Model names, tokenizers, chat templates, embeddings: how they are found and loaded."""
