"""What a model that follows instructions is asked, one file for each purpose; `model/chat.py` fills them in."""
