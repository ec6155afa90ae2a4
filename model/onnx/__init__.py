"""A checkpoint's graphs in ONNX Runtime: networks for a CPU without torch.

This is the only folder that imports onnxruntime outside training.
"""
