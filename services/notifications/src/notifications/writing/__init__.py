"""How a fact becomes a mail: words, formats, and the two parts that show them."""
