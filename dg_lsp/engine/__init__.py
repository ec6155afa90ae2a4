"""One loaded model for all editor windows: the engine process and the client that asks it.

Nothing here knows the protocol.
"""
