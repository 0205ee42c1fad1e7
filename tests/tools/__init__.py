"""Programs for people who change the project; they are never installed."""
