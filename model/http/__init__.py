"""An engine whose model runs in an OpenAI-compatible server.

Nothing here imports torch or ONNX Runtime.
"""
