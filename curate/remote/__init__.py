"""Fine-tuning at a service with an OpenAI-compatible API.

A service is added in three files: its name, limits and key in `curate/core/targets.py`, its API and prices in a module
here, and a line in `services`. A job is a training at a service; it continues after this process ends.
"""
