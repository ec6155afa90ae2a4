"""One file for each LSP method or notification, and what several of them share.

Nothing here knows how a fill is made or where the model runs.
"""
