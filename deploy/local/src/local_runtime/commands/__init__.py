"""The sub-commands of ``orderproof``, a module each; ``cli.py`` lists them."""
