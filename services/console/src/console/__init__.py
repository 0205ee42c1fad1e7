"""What ops see of every order, and what they can do about it."""
