"""From bytes to examples. A broken line is a value with its defects, never an exception, and disturbs no other line."""
