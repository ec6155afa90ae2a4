"""`infill bench instruct`: small changes asked for in words, and checks that decide whether they were made.

Holds the tasks, as data files, and their checks. Refuses to know how an answer came about.
"""
