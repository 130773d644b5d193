"""Fine-tuning at a service that speaks OpenAI's interface: what it costs, what is sent, what came of it.

    service   which services there are, and what they take      key      where the key comes from
    settings  what a training there is asked to be               prices   what it costs, from one dated table
    tokens    how tokens are counted                             estimate what a training comes to
    endpoint  one service, spoken to                             journal  what was sent, so that nothing is sent or paid twice
    upload    start    watch    fetch                            one step each

A job is what a service calls a training; it goes on there whatever becomes of this process.
"""
