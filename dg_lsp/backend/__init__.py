"""The way to the model: the scheduler, the fallback model, what to do when it is slow.

Nothing here knows the protocol.
"""
