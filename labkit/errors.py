"""The errors that labkit raises on purpose. Each says what happened, with both values, and what to do.

LabError
├── ConfigError        a configuration or a command line that cannot work
├── SetupError         something this machine lacks: a package, a model, a data set, a compiler
├── FunctionsError     the functions that were handed in: missing, or of the wrong form
│   └── StudentError   one of them raised; carries its own traceback
├── WireError          a batch whose form is wrong, on either side of HTTP
├── ServerError        the reference server refused or failed
├── WeightsError       weights that did not arrive, or are not those that were announced
├── RecordError        a record that was handed in: missing, or not of the form
└── ProcessError       a process of the run died, or did not start in time
"""


class LabError(Exception):
    """Base of all errors that labkit raises on purpose."""


class ConfigError(LabError):
    """A configuration or a command line that cannot work."""


class SetupError(LabError):
    """Something this machine lacks: a package, a model, a data set, a compiler."""


class FunctionsError(LabError):
    """A function that was handed in is missing or has the wrong form."""


class StudentError(FunctionsError):
    """A function that was handed in raised.

    `student_traceback` is the text of its traceback, cut to the frames of the student's own code.
    """

    def __init__(self, message: str, student_traceback: str = "") -> None:
        super().__init__(message)
        self.student_traceback = student_traceback

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows in place of labkit's own frames."""
        return [self.student_traceback.rstrip(), "", f"{type(self).__name__}: {self}"]


class WireError(LabError):
    """A batch whose form is wrong, on either side of HTTP."""


class ServerError(LabError):
    """The reference server refused or failed."""


class WeightsError(LabError):
    """Weights that did not arrive, or are not those that were announced."""


class RecordError(LabError):
    """A record of a run is missing, or has not the form of one."""


class ProcessError(LabError):
    """A process of the run died, or did not start in time."""
