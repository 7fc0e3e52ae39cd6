"""nbgrader's settings for this course. The folder that holds this file is the course: see docs/instructors.md."""

import os
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - nbgrader defines it

ROOT = Path(__file__).resolve().parent

# --- the course -------------------------------------------------------------------------------------------------------
c.CourseDirectory.course_id = "rlvr"
c.CourseDirectory.root = str(ROOT)
# What lies beside a notebook and goes neither to students nor into the gradebook's copies.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "*.py", "*.toml", "runs"]
c.CourseDirectory.max_file_size = 50_000  # kB: record.json is handed in with 05_report
c.Exchange.path_includes_course = False

# --- source/ -> release/ ----------------------------------------------------------------------------------------------
c.IncludeHeaderFooter.header = str(ROOT / "source" / "header.ipynb")
c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("replace this line")'}
c.ClearSolutions.text_stub = "*Double-click here, and replace this line by your answer.*"
c.ClearSolutions.enforce_metadata = True
c.GenerateAssignment.create_assignment = True

# --- submitted/ -> autograded/ ----------------------------------------------------------------------------------------
# Scores come from a sandbox and a trusted process, not from the student's kernel: no notebook is run.
c.Autograde.autograde_preprocessors = [
    "labkit.grading.preprocessor.TrustedScores",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.TrustedScores.course_root = str(ROOT)
# Whatever was handed in is read as a notebook of the assignment: cells that are missing or were changed are put back.
c.Autograde.exporter_class = "labkit.grading.submission.SubmissionExporter"
# Cells that carry the tag skip-execution, all live ones, are left out by `nbgrader validate`, and where a notebook is run.
c.Execute.timeout = 120
c.Execute.startup_timeout = 120
c.Execute.interrupt_on_timeout = True
c.Execute.error_on_timeout = {"ename": "Timeout", "evalue": "no answer within 120 s", "traceback": ["no answer within 120 s"]}
# Hidden checks are imported from this folder; a student's installation has none of them.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

# --- autograded/ -> feedback/, formgrader -----------------------------------------------------------------------------
c.HTMLExporter.preprocessors = ["labkit.grading.pages.NoScripts"]
c.HTMLExporter.filters = {
    "markdown2html": "labkit.grading.pages.markdown2html",
    "highlight_code": "labkit.grading.pages.highlight_code",
}
