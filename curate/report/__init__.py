"""Results as text for people and as JSON for programs; one reporter a file. They only turn results into text: the
caller prints.
"""
