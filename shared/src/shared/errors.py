"""What a failure means for the work that met it: try again, or set it aside."""


class OrderproofError(Exception):
    """The base of our errors; its class says whether to retry or to fix."""


class Retryable(OrderproofError):
    """It passes by itself: the same work is tried again."""


class Forgotten(Retryable):
    """What was known when we asked whether it is new went, by its age, before we read it."""


class Permanent(OrderproofError):
    """It fails again however often it is tried: the record is parked for people."""


class PartitionStopped(Retryable):
    """One error class parked too many orders in a minute; nothing more is parked for it.

    ``place`` is the topic and position of the record it stopped at.
    """

    def __init__(self, error_class: str, place: tuple[str, str]) -> None:
        super().__init__(f"stopped: {error_class} parked too many orders")
        self.error_class = error_class
        self.place = place


class LockOrderViolation(OrderproofError):
    """A transaction asked for its locks twice or backwards; that is how deadlocks are made."""
