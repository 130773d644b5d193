"""Memory of the machine and of a training, and the settings with which the training fits into it."""
