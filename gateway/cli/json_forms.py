"""What each command prints with --json: the keys, their forms and meanings.

docs/commands.md is written from it, and the tests compare it with what the commands print. A key is never renamed or
removed within a major version; keys may be added.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What the objects of a form are in."""

    OBJECT = "one object"
    LIST = "a list of objects"
    LINES = "one object per line"


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an object."""

    name: str
    """A key of objects in a list is "list[].key"."""
    form: str
    """"text", "number", "true or false", "time", "list of text" or "list of objects", and perhaps " or null"."""
    meaning: str
    is_optional: bool = False
    """Whether the key may be missing."""


@dataclass(frozen=True, slots=True)
class JsonForm:
    """What a command prints to standard output, or to standard error."""

    shape: Shape
    keys: tuple[Key, ...]
    stream: str = "standard output"


def _finding_keys(name: str) -> tuple[Key, ...]:
    """Return the keys of findings in the list `name`."""
    return (
        Key(f"{name}[].level", "text", "`OK`, `WARN` or `FAIL`"),
        Key(f"{name}[].subject", "text", "what was looked at"),
        Key(f"{name}[].message", "text", "the result"),
        Key(f"{name}[].hint", "text", "how to fix it; empty for `OK`"),
    )


ERROR = JsonForm(
    Shape.LINES,
    (
        Key("error", "text", "why, as one word of the table above"),
        Key("message", "text", "the sentence that people get"),
        Key("command", "text", 'the command, such as "mamia sync status"'),
        Key("exit_code", "number", "the exit code"),
        Key("problems", "list of objects", "every problem of the settings", is_optional=True),
        Key("problems[].key", "text", 'the setting, such as "web.port"'),
        Key("problems[].message", "text", "what is wrong with it"),
    ),
    "standard error",
)
LOG = JsonForm(
    Shape.LINES,
    (
        Key("time", "time", "when"),
        Key("level", "text", "`DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`"),
        Key("logger", "text", "the part of the program"),
        Key("request", "text", "id of the request; `-` outside a request"),
        Key("message", "text", "what happened"),
        Key("traceback", "text", "where in the program an unexpected error arose", is_optional=True),
    ),
    "standard error",
)
RELOAD = JsonForm(
    Shape.OBJECT,
    (
        Key("service", "number", "id of the service's process"),
        Key("processes", "number", "how many processes serve with the new settings"),
    ),
)
ACCOUNT = JsonForm(
    Shape.OBJECT,
    (
        Key("login", "text", "the login, as the directory has it"),
        Key("mail", "text or null", "the mail address"),
        Key("locked", "true or false", "whether the password opens nothing now because of a lock or a closing"),
        Key("closed", "true or false", "whether neither time nor a reset opens the account"),
        Key("idle_since", "time or null", "since when it was not used, if it is closed for that"),
        Key("starts_at", "time or null", "before this time the account is not in force"),
        Key("ends_at", "time or null", "after this time the account is not in force"),
        Key("valid", "true or false", "whether the account is in force now"),
        Key("protected", "true or false", "whether pages, API and this command leave it alone"),
        Key("locked_until", "time or null", "when the lock ends; null if it is open, or if no time ends it"),
        Key("initial_password", "true or false", "whether the password must be changed at the next login"),
        Key("changed_at", "time or null", "the last change of the password; null if it was never changed"),
        Key("expires_at", "time or null", "when the password expires; null for never"),
        Key("code_until", "time or null", "when the helpdesk's code expires; null if there is none"),
        Key("policy", "text", "DN of the password policy; empty if none can be read"),
        Key("change_allowed", "true or false", "whether the policy lets the person change the password"),
        Key("changeable_from", "time or null", "before this time the policy refuses a change"),
        Key("propagation", "list of objects", "the password at the workstations, one object per target"),
        Key("propagation[].target", "text", "name of the target in the settings"),
        Key("propagation[].state", "text", "as in `mamia sync status`"),
        Key("propagation[].since", "time", "when the password was changed"),
        Key("propagation[].reason", "text", "the reason of the last failure, or empty"),
        Key("changed_since", "true or false", "whether another program set a newer password in the directory"),
    ),
)
ACCOUNT_CHANGE = JsonForm(
    Shape.OBJECT,
    (
        Key("login", "text", "the login that was given"),
        Key("action", "text", "the action of the command line, for example `unlock`"),
        Key("done", "true or false", "false if nothing had to be done, or if a second agent must approve first"),
        Key("message", "text", "the sentence that people get"),
        Key("code", "text", "with `give-code`: the code, a secret which is shown this once", is_optional=True),
        Key("until", "time", "with `give-code` and `approve-code`: when it ends", is_optional=True),
    ),
)
ACCOUNT_EXPORT = JsonForm(
    Shape.OBJECT,
    (
        Key("login", "text", "the login that was given"),
        Key("methods", "list of objects", "the recovery methods, without keys and shared secrets"),
        Key("methods[].id", "text", "the method's own id"),
        Key("methods[].kind", "text", "`mail`, `mobile`, `passkey` or `totp`"),
        Key("methods[].name", "text", "what the person calls it"),
        Key("methods[].address", "text", "the mail address or phone number, or empty"),
        Key("methods[].added_at", "time", "when it was confirmed"),
        Key("methods[].used_at", "time or null", "when a reset used it last"),
        Key("unreadable", "number", "methods whose key `web.secret_keys` has no more"),
        Key(
            "events", "list of objects", "what the person tried, the newest first; empty without `[events]` or Redis"
        ),
        Key("events[].since", "time", "when it happened first within that hour"),
        Key("events[].at", "time", "when it happened last"),
        Key("events[].times", "number", "how often"),
        Key("events[].service", "text", "service and outcome are those of the audit"),
        Key("events[].outcome", "text", "what came of it"),
    ),
)
REMIND = JsonForm(
    Shape.LIST,
    (
        Key("login", "text", "the person"),
        Key("reminder", "text", "`expires-N`, N days before the password expires, or `initial`"),
        Key(
            "outcome",
            "text",
            "`reminded`; `due` with `--dry-run`; else why there is no mail: `already_reminded` by another run, "
            "`no_address`, `closed`, `protected`, `not_changeable`, `unconfirmed` (it is not known whether it was "
            "recorded) or `not_spooled`",
        ),
        Key("expires_at", "time or null", "when the password expires; null for never"),
        Key("changed_at", "time or null", "the last change of the password"),
        Key("addresses", "number", "mail addresses of the person"),
    ),
)
CHECK = JsonForm(
    Shape.LIST,
    (
        Key("level", "text", "`OK`, `WARN` or `FAIL`"),
        Key("subject", "text", "what was checked"),
        Key("message", "text", "the result"),
        Key("hint", "text", "how to fix it; empty if it is OK"),
    ),
)
SYNC_STATUS = JsonForm(
    Shape.LIST,
    (
        Key("login", "text", "the person"),
        Key("target", "text or null", "name of the target; null if the entry was moved out of people.base"),
        Key("state", "text", "`pending`, `held`, `confirming`, `done`, `rejected`, `expired` or `moved out`"),
        Key("since", "time or null", "when the password was changed"),
        Key("age_seconds", "number or null", "the same as an age"),
        Key("attempts", "number or null", "how often the delivery was tried"),
        Key("last_attempt", "time or null", "when it was tried last"),
        Key("last_reason", "text", "why it failed last, or the DN of an entry that was moved out"),
        Key("needs_operator", "true or false", "whether nothing goes on until somebody acts"),
        Key("changed_since", "true or false or null", "whether the directory has a newer password; null: not known"),
    ),
)
SYNC_ACTION = JsonForm(
    Shape.LIST,
    (
        Key("login", "text", "the person"),
        Key("done", "true or false", "whether it was done"),
        Key("message", "text", "the sentence that people get"),
    ),
)
STATS = JsonForm(
    Shape.LIST,
    (
        Key("day", "text", "the day, as `2026-03-01`, in the academy's time zone; the oldest first, today last"),
        Key("found", "number", "how often an account was found"),
        Key("changed", "number", "how many passwords were changed"),
        Key("reset", "number", "how many passwords were reset"),
        Key("failed", "number", "how many attempts failed"),
        Key("reasons", "list of objects", "why they failed, the most frequent reason first"),
        Key("reasons[].reason", "text", "the reason, such as `credentials`"),
        Key("reasons[].count", "number", "how many attempts failed for it"),
    ),
)
SETTINGS = JsonForm(
    Shape.LIST,
    (
        Key("section", "text", 'the section, such as "web"'),
        Key("target_type", "text or null", "for keys of a workstation's target: its `type`"),
        Key("key", "text", "the key in the section"),
        Key("form", "text", "the form of its value"),
        Key("default", "text or null", "its default, as it would be in the file"),
        Key("required", "true or false", "whether it must be set"),
        Key("meaning", "text", "what it does"),
    ),
)
KEYGEN = JsonForm(
    Shape.OBJECT,
    (
        Key("private_key_file", "text", "the file for the worker alone", is_optional=True),
        Key("public_key_file", "text", "the file for the web service", is_optional=True),
        Key("secret_file", "text", "with `--webhook`: the file with the secret", is_optional=True),
    ),
)
API_TOKEN = JsonForm(
    Shape.OBJECT,
    (
        Key("name", "text", "name of the API client"),
        Key("token", "text", "the token: a secret, which is shown this once"),
        Key("token_sha256", "text", "its SHA-256, for the settings"),
        Key("settings", "text", "the section for mamia.toml"),
    ),
)
PEOPLE_IMPORT = JsonForm(
    Shape.OBJECT,
    (
        Key("dry_run", "true or false", "whether nothing was written; the counts are then what would be"),
        Key("created", "number", "new entries"),
        Key("updated", "number", "entries that were changed"),
        Key("unchanged", "number", "entries that agree with the file"),
        Key("leavers", "number", "people who were marked as leavers"),
        Key("protected", "number", "protected people who were left alone"),
        Key("unwritten", "number", "rows that are left to write, since the directory did not come back"),
        Key("faults", "list of text", "rows that cannot be used, each with its line"),
        Key("doubts", "list of text", "rows that may be somebody with another number, each with its line"),
        Key("notes", "list of text", "what else to know; no row was left out for it"),
        Key(
            "lines", "list of text", "with --dry-run one line per entry, with old and new values; numbers are hidden"
        ),
    ),
)
PEOPLE_RESEAL = JsonForm(
    Shape.OBJECT,
    (
        Key("renewed", "number", "recovery methods that were sealed with the newest key"),
        Key("current", "number", "those that had it already"),
        Key("unreadable", "number", "those that no key of web.secret_keys opens"),
        Key("changed_meanwhile", "number", "those that their owners changed meanwhile; the next run seals them"),
    ),
)
PEOPLE_SAMPLE = JsonForm(
    Shape.OBJECT,
    (
        Key("count", "number", "how many people were written"),
        Key("seed", "number", "the seed that gives the same people"),
        Key("output", "text or null", "the file; null for standard output"),
        Key("seconds", "number", "how long it took"),
    ),
    "standard error",
)
COMPLETION = JsonForm(
    Shape.OBJECT,
    (
        Key("shell", "text", "`bash`, `zsh` or `fish`"),
        Key("script", "text", "the script"),
    ),
)
DEMO = JsonForm(
    Shape.LINES,
    (
        Key("event", "text", "`note`, `ready` (all of it serves), `message`, `webhook` or `stopped`"),
        Key("message", "text", "with `note`: what is going on", is_optional=True),
        Key("url", "text", "with `ready`: address of the web service", is_optional=True),
        Key("directory", "text", "with `ready`: URL of the directory", is_optional=True),
        Key("suffix", "text", "with `ready`: its suffix", is_optional=True),
        Key("administrator", "text", "with `ready`: DN of its administrator", is_optional=True),
        Key("administrator_password_file", "text", "with `ready`: the file with that password", is_optional=True),
        Key("mails", "text", "with `ready`: folder of the mails to people", is_optional=True),
        Key("events", "text", "with `ready`: folder of the events that webhooks brought", is_optional=True),
        Key("audit", "text", "with `ready`: file of the audit", is_optional=True),
        Key("rectorat", "list of text", "with `ready`: logins whose passwords go to a workstation", is_optional=True),
        Key("samba", "text or null", "with `ready`: address of the domain controller", is_optional=True),
        Key("settings", "text", "with `ready`: file of the settings", is_optional=True),
        Key("helpdesk", "text", "with `ready`: address of the helpdesk's pages", is_optional=True),
        Key("agent", "text", "with `ready`: login of the helpdesk's agent", is_optional=True),
        Key("without_number", "text", "with `ready`: login of a person without a NUMEN", is_optional=True),
        Key("recovery", "text", "with `ready`: address of the recovery methods", is_optional=True),
        Key("reminded", "list of text", "with `ready`: logins whom `mamia remind` reminds", is_optional=True),
        Key("to", "text", "with `message`: who got a mail or a text message", is_optional=True),
        Key("subject", "text", "with `message`: its subject, or `SMS`", is_optional=True),
        Key("type", "text", 'with `webhook`: the type of the event, such as "account.changed"', is_optional=True),
        Key("login", "text", "with `webhook`: whose account it is about", is_optional=True),
        Key("file", "text", "with `message` and `webhook`: the file with its text", is_optional=True),
    ),
)
SETUP = JsonForm(
    Shape.OBJECT,
    (
        Key("tried", "list of objects", "what trying the answers found", is_optional=True),
        *_finding_keys("tried"),
        Key("files", "list of objects", "files of this machine that are not as they are to be", is_optional=True),
        Key("files[].path", "text", "the path"),
        Key("files[].state", "text", "`new`, `changed` or `owner or mode`"),
        Key("files[].access", "text", "mode and owner that it gets"),
        Key("changes", "list of objects", "what the directory lacks", is_optional=True),
        Key("changes[].file", "text", "name of the LDIF file, without its ending"),
        Key("changes[].what", "text", "the entry, and whether it is added or changed"),
        Key("changes[].why", "text", "what it is for"),
        Key("notes", "list of text", "what is kept in the directory although it differs", is_optional=True),
        Key("applied", "number", "changes that are in the directory now", is_optional=True),
        Key("undo_folder", "text or null", "what `--undo` needs", is_optional=True),
        Key("check", "list of objects", "the findings of the check", is_optional=True),
        *_finding_keys("check"),
        Key("missing", "list of objects", "what keeps setup from being complete", is_optional=True),
        Key("missing[].what", "text", "what is missing, and why"),
        Key("missing[].how", "text", "how to get it, or empty"),
        Key("next", "list of text", "the next commands", is_optional=True),
        Key("adopted", "list of text", "with `--adopt`: what of ours the directory has", is_optional=True),
        Key("removed", "list of text", "with `--undo`: what was taken back", is_optional=True),
        Key("kept", "list of objects", "with `--undo`: what stays in the directory", is_optional=True),
        Key("kept[].what", "text", "what stays"),
        Key("kept[].why", "text", "why"),
        Key("kept[].how", "text", "how to go on, or empty"),
        Key("exit_code", "number", "the exit code"),
    ),
)
FORMS = {
    "serve": LOG,
    "reload": RELOAD,
    "sync": LOG,
    "sync status": SYNC_STATUS,
    "sync retry": SYNC_ACTION,
    "sync forget": SYNC_ACTION,
    "sync resume": SYNC_ACTION,
    "capture": LOG,
    "check": CHECK,
    "setup": SETUP,
    "stats": STATS,
    "settings": SETTINGS,
    "account": ACCOUNT,
    "remind": REMIND,
    "keygen": KEYGEN,
    "api-token": API_TOKEN,
    "demo": DEMO,
    "people import": PEOPLE_IMPORT,
    "people sample": PEOPLE_SAMPLE,
    "people reseal": PEOPLE_RESEAL,
    "completion": COMPLETION,
}
"""From a command, without "mamia", to what it prints."""
