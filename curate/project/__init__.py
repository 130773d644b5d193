"""What a project keeps beside its data: configuration files and consent, decisions, runs, the manifest."""
