"""What may be told to whom, where, when and how often: rules without effects."""
