"""Every event of the system, declared once by the service that owns it."""
