"""The review in the terminal: screens that draw what the engine knows, and hand back what a person decides."""
