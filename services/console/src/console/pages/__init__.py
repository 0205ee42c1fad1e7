"""The pages of the console: each makes a document, which is drawn or told as JSON."""
