"""From a split folder to token ids: supervised examples and preferences."""
