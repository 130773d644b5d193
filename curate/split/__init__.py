"""Train, validation and test, so that nothing that is connected stands on two sides."""
