"""Configurations of transformers, TRL, Axolotl, LLaMA-Factory and Unsloth as recipes: `curate recipe import`."""
