"""What partners and operators ask for over HTTP."""
