"""What one client's session holds: settings, typing, suggestions, related files.

Nothing here handles a message.
"""
