"""Engine state as Content. Pure functions: equal input gives equal output, and nothing is parsed as markup."""
