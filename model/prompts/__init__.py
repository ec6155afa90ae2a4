"""What a model that follows instructions is asked, one file for each purpose; `tokenize/chat.py` fills them in."""
