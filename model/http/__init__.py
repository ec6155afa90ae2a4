"""A model that runs in an OpenAI-compatible server, behind the same face as one in this process."""
