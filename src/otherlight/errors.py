"""What can go wrong, and whose move is next.

Every message is one sentence or two: what must hold, what came (file, line, value), what to do.

OtherlightError
├── DatasetError      an image set or its files on disk are missing, torn or contradictory
├── ImageError        one image file cannot be read or written
├── QueryError        a filter is not a SELECT expression over the columns there are
├── CheckpointError   a checkpoint or run folder does not fit what is asked of it
├── BusyError         another run holds the output folder, or the folder holds something else
├── DiskFullError     the disk has no room for what was to be written; nothing was lost
├── DivergedError     a loss became nan; the last good state is kept
├── PlanError         a plan asks for something that cannot be run
├── LeakError         a test set shares images, near duplicates or sequences with a used set
├── VerifyError       a printed figure cannot be recomputed from the stored predictions
└── MissingExtraError an optional dependency is not installed
"""


class OtherlightError(Exception):
    """Base of every error a user of otherlight can put right."""


class DatasetError(OtherlightError):
    """An image set or its files on disk are missing, torn or contradictory."""


class ImageError(OtherlightError):
    """One image file cannot be read or written."""


class QueryError(OtherlightError):
    """A filter is not a SELECT expression over the columns there are."""


class CheckpointError(OtherlightError):
    """A checkpoint or run folder does not fit what is asked of it."""


class BusyError(OtherlightError):
    """Another run holds the output folder, or the folder holds something else."""


class DiskFullError(OtherlightError):
    """The disk has no room for what was to be written; nothing was lost."""


class DivergedError(OtherlightError):
    """A loss became nan; the last good state is kept."""


class PlanError(OtherlightError):
    """A plan asks for something that cannot be run."""


class LeakError(OtherlightError):
    """A test set shares images, near duplicates or sequences with a used set."""


class VerifyError(OtherlightError):
    """A printed figure cannot be recomputed from the stored predictions."""


class MissingExtraError(OtherlightError):
    """An optional dependency is not installed."""
