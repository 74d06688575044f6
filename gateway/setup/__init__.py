"""`mamia setup`: what a directory holds, what it lacks, and how it gets that and loses it again.

`survey` reads, `plan` compares with the settings and changes nothing, `apply` writes, `undo` takes back. What is
already there is in no plan, so a second run changes nothing and an interrupted one goes on.
"""

from gateway.setup.access import Access, Login, open_access
from gateway.setup.adopt import AdoptRefused, adopt
from gateway.setup.apply import Applied, ApplyFailed, apply
from gateway.setup.changes import Change, Later, Options, Plan, Subject
from gateway.setup.difference import difference, write_folder
from gateway.setup.layout import Layout
from gateway.setup.people_look import PeopleLook, look_at_people
from gateway.setup.places import Places, places_of
from gateway.setup.planning import plan, survey_and_plan
from gateway.setup.records import Modification, Record
from gateway.setup.survey import survey
from gateway.setup.surveyed import Database, Overlay, Survey
from gateway.setup.undo import Kept, UndoFailed, Undone, undo

__all__ = [
    "Access",
    "AdoptRefused",
    "Applied",
    "ApplyFailed",
    "Change",
    "Database",
    "Kept",
    "Later",
    "Layout",
    "Login",
    "Modification",
    "Options",
    "Overlay",
    "PeopleLook",
    "Places",
    "Plan",
    "Record",
    "Subject",
    "Survey",
    "UndoFailed",
    "Undone",
    "adopt",
    "apply",
    "difference",
    "look_at_people",
    "open_access",
    "places_of",
    "plan",
    "survey",
    "survey_and_plan",
    "undo",
    "write_folder",
]
