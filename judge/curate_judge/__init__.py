"""A model that reads what answers say to their questions: its weights, and how they are trained."""
