"""Assignment to train, validation and test: connected examples stay in one split."""
