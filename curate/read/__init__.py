"""Parse bytes to examples. An invalid line is a value with its defects, not an exception, and affects no other line."""
