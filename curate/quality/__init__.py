"""Quality signals of examples, each measured, and the selection of examples to train on."""
