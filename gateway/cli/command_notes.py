"""What the parsers do not say: parts of docs/commands.md and of the manual pages, in Markdown."""

from __future__ import annotations

from gateway.cli.exit_codes import ERROR_MEANINGS

_KINDS = "\n".join(f"| `{kind}` | {meaning} |" for kind, meaning in ERROR_MEANINGS.items())

ABOUT_JSON = f"""\
## JSON
Every command has `--json`. Standard output then holds JSON and nothing else, or nothing at all. Keys are never
renamed or removed within a major version; new ones may come. Times are in ISO 8601 and UTC:
`2026-03-01T08:00:00+00:00`. No output holds a secret, with two exceptions: `mamia api-token` and
`mamia account LOGIN give-code` exist to show one.

A command that did not do what was asked writes one line of JSON to standard error, with the keys below. It is the
last line there: lines of the audit come before it where `audit.destination` is `stderr`. The words that `error` can
be come first.

| error | why |
|---|---|
{_KINDS}
"""
ABOUT_SECRETS = """\
No option takes a secret, since all users of a machine see the arguments of all processes. Secrets come from
files that options or settings name, from the environment of the service, or are typed at a prompt that shows
nothing."""
ABOUT_PROGRESS = """\
`mamia people import`, `mamia people sample` and `mamia sync status` show how far they are, on a terminal only
and never with `--json`. `mamia check` prints each finding as soon as it is known. Colours are for terminals
only; `NO_COLOR=1` and `TERM=dumb` switch them off."""
ABOUT_COMPLETION = """\
`mamia completion bash` (or `zsh`, `fish`) prints the script that completes commands, options and files; see
[its section](#mamia-completion). `make man` writes the manual pages mamia(1), one page per command such as
mamia-check(1), and mamia.toml(5) with all settings to `var/man/`, and the scripts of the three shells to
`var/completion/`, for packages."""
NOTES = {
    "serve": "It logs to standard error. SIGTERM and Ctrl-C end it with code 0, after the requests in progress.",
    "reload": """\
Run it as the service's user or as root, on its machine or in its container. It ends when every process has the new
settings and serves, and prints how many these are. `systemctl reload mamia` runs it, and fails if it fails.""",
    "sync": "Without an action it logs to standard error; SIGTERM and Ctrl-C end it with code 0.",
    "sync status": """\
It prints a table: who, which target, the state (`needs you`: nothing goes on until somebody acts), how old the
password is, how often it was tried, and why it failed last. Below the table it says what to do. Without
`--json` there is one sentence if there is nothing to show.""",
    "capture": """\
It logs to standard error; SIGTERM and Ctrl-C end it with code 0. With a socket of systemd it answers slapd even
if its settings cannot be used, so that slapd's writes do not wait, and ends with code 1.""",
    "check": """\
Each finding is one line, `LEVEL  subject: message`, and a line `to fix:` after it if it is WARN or FAIL. On a
terminal long lines are wrapped, and a subject is printed once for findings that follow each other. The last
lines are the counts and the subjects of all problems. For a job that mails only problems: `mamia check
--problems`. With `--needs` it checks nothing and prints the page [Needs](needs.md) for your settings, or with
`--json` an object with the same facts.

    OK    web.secret_keys: 1, all of them long enough
    WARN  notifications: people get no mail about a changed password
          to fix: notifications.spool and notifications.smtp_host

    14 checks: 0 FAIL, 1 WARN
    WARN: notifications""",
    "setup": """\
It asks at a terminal, or takes the answers from standard input, one per line. [Setup](setup.md) shows what it asks,
writes and prints, and [install](install.md) the commands from the first to the last.""",
    "stats": """\
It prints a table with one line per day and the sums, and below it why attempts failed, with how often. Each attempt
counts, not each person. Run it as the service's user, who can read the password of the store. With `--csv` it is one
line per day, with a column per reason.""",
    "settings": """\
The output is the page [Settings](settings.md). With `--migrate FILE` it is one line per name that changed. FILE
stays as it is; FILE.new has the same owner and mode, comments and values. The code is 1 if a setting that is gone
must be taken out by hand. With `--json` it is then an object with `file`, `renamed` (from the former to the present
name) and `removed` (from a setting that is gone to what replaces it).""",
    "account": """\
`show` prints one line per fact. `unlock` needs your own account in the directory, because the gateway's account
may not do it; `force-change` does not. An account that is not locked is no error: `unlock` says so and ends
with code 0. `give-code` prints a code that is valid once, for the time of helpdesk.code_minutes: the person types it
in the place of the NUMEN. `close-code` closes it. Where helpdesk.four_eyes_filter matches the person, `give-code`
asks for a second agent, who runs `approve-code --requested-by YOU`; then the same `give-code` prints the code.""",
    "remind": """\
It prints one line per person, and the counts. `mamia-remind.timer` runs it each morning. It may run as often as you
like, also twice at once: what was sent is recorded in the directory first. The mails wait in `notifications.spool`,
and `mamia serve` sends them within seconds. SIGTERM ends it between two people; the next run goes on there.
So it does if the directory stops answering meanwhile: who was reminded is printed, the error says how many people
wait, and the exit code is 1.""",
    "keygen": "It prints the names of the files and the settings to copy.",
    "api-token": """\
It prints the token, which the API client alone may know, and the section for `mamia.toml`, which has its
SHA-256.""",
    "demo": "It needs the extra `[demo]`. The line `ready URL` says that all of it serves; Ctrl-C ends it, code 0.",
    "people import": """\
It prints how many entries were created, updated and left as they were. Rows that were left out are on standard
error, each with its line and reason. While the directory does not answer, it waits and says so; a second run
writes only what is still missing.""",
    "people sample": "It needs the extra `[demo]`. An existing file is never overwritten.",
    "completion": """\
It needs the extra `[completion]`. Other users of the machine get the completion at their next login.""",
}
"""From a command, without "mamia", to what it prints and how it ends."""
