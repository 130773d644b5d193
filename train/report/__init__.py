"""What a training did: its report, the map of easy and hard examples, and the diagnosis of overfitting."""
