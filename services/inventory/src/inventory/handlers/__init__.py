"""One reaction per file, named by its effect."""
