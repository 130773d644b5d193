"""Sweeps: many trainings, to find the recipe with the lowest loss on the validation split: `curate sweep`.

    space.py    what is tried                 halving.py  which training goes on next, which one is best: functions of
    what is known
    folder.py   what is known, on the disk    trial.py    one training, as a process of its own
    run.py      all of it, in its order       report.py, text.py, html.py: what came out, as data, for a terminal, as a
    page

Not with Optuna, although it is well kept. Its pruners stop a trial for good and decide by what other trials had
reported until then (asynchronous halving): a sweep that was killed would go on with other knowledge and could choose
another recipe, and a trial whose process died stays "running" unless a database with heartbeats is set up. Here a trial
pauses at its checkpoint, and is decided about when all of its rung have come so far, so that what was killed changes
nothing. What is left, a product and a seeded draw, is thirty lines.
"""
