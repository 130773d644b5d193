"""What leaves the machine: consent, keys and addresses, and models behind a service."""
