"""JSON-RPC and its transports, where we do it differently from pygls.

Nothing here knows of documents or models.
"""
