"""What a training will do: its plan, and a first recipe."""
