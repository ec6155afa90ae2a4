"""`infill bench` and calibration: how good fills are on code that no model was trained on.

Nothing in the product imports this folder.
"""
