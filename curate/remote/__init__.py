"""Fine-tuning at a service that speaks OpenAI's interface: what it costs, what is sent, what came of it.

    services  which services there are, and their keys           endpoint one service, spoken to
    settings  what a training there is asked to be               prices   what it costs, by the dated tables of the
    services
    tokens    how tokens are counted                             estimate what a training comes to
    journal   what was sent, so that nothing is sent or paid twice
    upload    start    watch    fetch                            one step each

A service is added in three files: its name, limits and key in `curate/core/targets.py`, its interface and prices in a
module here, and a line in `services`. A job is what a service calls a training; it goes on there whatever becomes of
this process.
"""
