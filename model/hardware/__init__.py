"""The devices of this machine, its threads and memory.

Nothing here loads a model.
"""
