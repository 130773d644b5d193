"""curate: check, deduplicate, review and split chat data for fine-tuning, and train on it."""

__version__ = "0.1.0"
