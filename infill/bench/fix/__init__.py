"""`infill bench fix`: one fault is planted in right code, with the diagnostic that another server would send.

Holds the kinds of faults, their messages, and what counts as mended. Refuses to know how a fix comes about.
"""
