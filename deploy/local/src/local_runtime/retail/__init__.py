"""UCI Online Retail files as orders: pure rules first, then the calls that place them."""
