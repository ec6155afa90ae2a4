"""One file for each LSP method or notification, or for a few that belong together; `common/` has what they share.

Nothing here knows how a fill is made or where the model runs.
"""
