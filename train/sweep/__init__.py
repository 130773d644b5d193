"""Sweeps: trainings that search for the recipe with the lowest loss on the validation split: `curate sweep`.

Without Optuna: its pruners stop a trial for good and compare it with what others have reported until then (asynchronous
halving), so a sweep that was killed could choose another recipe, and a trial whose process died stays "running" without
a database with heartbeats. Here a trial pauses at its checkpoint and is judged when all trials of its rung have come so
far, so a kill changes nothing. What remains, a product and a seeded draw, is thirty lines.
"""
