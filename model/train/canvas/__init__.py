"""How the canvas adapter is made: low-rank weights for the rows of a block, over a base that does not change.

Knows torch, the library's class and the converted base; refuses to know how a block is used to fill a hole.
"""
