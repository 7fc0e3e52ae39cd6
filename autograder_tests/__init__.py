"""For instructors only: the reference functions and, later, the hidden checks and the bank. Never installed for students."""
