"""`curate review --web`: the review in a browser."""
