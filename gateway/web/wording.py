"""What people read when something is refused: one sentence for each thing that can happen."""

from __future__ import annotations

from gateway.account.birth_date import DateFault
from gateway.account.outcomes import Refusal, Refused
from gateway.account.policy import PasswordRules, Rule
from gateway.settings import Lockout
from gateway.workstation.model import Reason
from gateway.workstation.state import Step, SyncState

MISSING = {
    "surname": "Indiquez votre nom.",
    "given_name": "Indiquez votre prénom.",
    "birth_date": "Indiquez votre date de naissance, par exemple 27/03/1985.",
    "login": "Indiquez votre identifiant, par exemple fdurand4.",
    "proof": "Indiquez votre NUMEN ou votre numéro d’agent temporaire.",
    "current_password": "Indiquez votre mot de passe actuel.",
    "new_password": "Choisissez un nouveau mot de passe.",
    "confirmation": "Tapez une seconde fois le nouveau mot de passe.",
    "captcha": "Recopiez les caractères, ou choisissez la vérification automatique.",
    "code": "Tapez le code que vous avez reçu.",
}
UNREADABLE_SIGN = "Ce champ contient un caractère illisible. Effacez-le et tapez-le à nouveau."
TOO_MANY_SIGNS = "C’est trop long\u00a0: %(max)d caractères au plus."
REPEATED = "Ce champ a été envoyé plusieurs fois. Rechargez la page et recommencez."
NOT_THE_SAME = "La confirmation ne correspond pas au nouveau mot de passe. Tapez-le à l’identique."
STALE_PAGE = (
    "Cette page est restée ouverte trop longtemps, ou votre navigateur refuse les cookies. "
    "Rien n’a été modifié\u00a0: vérifiez vos réponses et envoyez à nouveau."
)
CAPTCHA_WRONG = "Les caractères recopiés ne sont pas les bons. Voici une nouvelle vérification."
CAPTCHA_EXPIRED = "Cette vérification n’est plus valable. En voici une nouvelle."
UNAVAILABLE = (
    "L’annuaire académique ne répond pas pour le moment. Rien n’a été modifié. "
    "Réessayez dans quelques minutes\u00a0; si cela dure, appelez l’assistance."
)
MISCONFIGURED = (
    "L’annuaire académique refuse cette opération au service. Rien n’a été modifié, et réessayer n’y changera "
    "rien\u00a0: appelez l’assistance en donnant la référence {request_id}."
)
UNCONFIRMED = (
    "L’annuaire académique a cessé de répondre pendant l’enregistrement\u00a0: votre mot de passe a peut-être "
    "changé, peut-être pas. Essayez le nouveau, puis l’ancien, avant de recommencer."
)
STORE_UNAVAILABLE = (
    "Le service ne peut pas vérifier les demandes pour le moment. Rien n’a été modifié. Réessayez dans quelques "
    "minutes\u00a0; si cela dure, appelez l’assistance."
)
CODE_WRONG = "Ce code n’est pas le bon. Essais restants\u00a0: {left}."
CODE_TOO_OFTEN = (
    "Trop de codes erronés. Rien n’a été modifié. Recommencez depuis le début pour recevoir un autre code."
)
CODE_NOT_SENT = (
    "Le code de vérification n’a pas pu être envoyé. Rien n’a été modifié. Réessayez dans quelques minutes\u00a0; si "
    "cela dure, appelez l’assistance."
)
CODE_BY_PHONE = (
    "{code} : code pour votre mot de passe académique, valable {minutes} minutes. Ne le donnez à personne."
)
NO_SECOND_PROOF = (
    "Aucune adresse privée ni aucun téléphone n’est enregistré à votre nom pour recevoir un code\u00a0: appelez "
    "l’assistance pour réinitialiser votre mot de passe. Rien n’a été modifié."
)
FOREIGN_HOST = "Ce service ne répond pas à cette adresse."
TICKET_EXPIRED = (
    "Le temps prévu pour choisir un mot de passe est écoulé. Rien n’a été modifié. Recommencez depuis le début."
)
TICKET_SPENT = (
    "Cette étape a déjà servi. Si vous venez de choisir un mot de passe, il est en place\u00a0: essayez-le. "
    "Sinon, recommencez depuis le début."
)

DATE_FAULTS = {
    DateFault.UNREADABLE: "Écrivez la date avec le jour, le mois et l’année en quatre chiffres\u00a0: 27/03/1985.",
    DateFault.IMPOSSIBLE: "Cette date n’existe pas. Vérifiez le jour et le mois\u00a0: 27/03/1985.",
    DateFault.UNLIKELY: "Vérifiez l’année de naissance\u00a0: elle doit être entre 1900 et aujourd’hui.",
}

WORKSTATION = "Poste de travail Windows"
STATE_UNKNOWN = "L’annuaire ne répond pas pour le moment\u00a0: l’état sera affiché dès qu’il répond."
STATE_SUPERSEDED = "Un changement plus récent a pris la suite de celui-ci."
_STATES = {
    Step.DONE: "Le nouveau mot de passe y est en place.",
    Step.SETTLING: "Le nouveau mot de passe y est en place.",
    Step.EXPIRED: (
        "Le nouveau mot de passe n’a pas pu y être enregistré dans le délai prévu\u00a0: l’ancien y reste valable. "
        "Modifiez votre mot de passe à nouveau, ou appelez l’assistance."
    ),
}
_STATE_PENDING = "Le nouveau mot de passe y arrive dans un instant. D’ici là, l’ancien y reste valable."
_STATE_RETRIED = (
    "Le poste de travail est injoignable pour le moment. L’envoi sera répété sans que vous ayez rien à faire\u00a0; "
    "d’ici là, l’ancien mot de passe y reste valable. La messagerie et les applications utilisent déjà le nouveau."
)
_CHOOSE_ANOTHER = (
    "\u00a0L’annuaire, lui, l’a enregistré\u00a0: la messagerie et les applications utilisent déjà le nouveau, mais "
    "le poste de travail garde l’ancien. Choisissez un autre mot de passe pour les réunir."
)
_TARGET_REFUSALS = {
    Reason.TOO_SHORT: "Refusé\u00a0: trop court pour le domaine Windows.",
    Reason.IN_HISTORY: "Refusé\u00a0: ce mot de passe y a déjà servi.",
    Reason.TOO_SIMPLE: "Refusé\u00a0: le domaine Windows demande un mot de passe plus varié.",
    Reason.TOO_YOUNG: "Refusé\u00a0: le mot de passe y a été changé il y a trop peu de temps.",
    Reason.POLICY: "Refusé par une règle du domaine Windows.",
}
_NO_ACCOUNT = (
    "Aucun compte à votre identifiant n’y existe. L’annuaire a bien enregistré le nouveau mot de passe\u00a0; "
    "appelez l’assistance si vous avez un poste de travail."
)

_REFUSALS = {
    Refusal.NOT_FOUND: (
        "Aucun compte ne correspond à ces nom, prénom et date de naissance. Vérifiez l’orthographe et la date\u00a0; "
        "si vous avez changé de nom, essayez avec votre nom de naissance."
    ),
    Refusal.NOT_PROVED: (
        "Ces informations ne correspondent à aucun compte. Vérifiez l’identifiant (le service «\u00a0Retrouver mon "
        "compte\u00a0» vous le donne), le NUMEN ou numéro d’agent temporaire, et la date de naissance."
    ),
    Refusal.CREDENTIALS: (
        "Identifiant ou mot de passe refusé. Vérifiez votre identifiant avec «\u00a0Retrouver mon compte\u00a0». "
        "Après {failures} essais erronés, un compte {rests}\u00a0; une réinitialisation le débloque."
    ),
    Refusal.GRANT_VOID: (
        "Votre mot de passe a été modifié entre-temps, ou le compte a été fermé. Recommencez depuis le début."
    ),
    Refusal.IN_HISTORY: (
        "Ce mot de passe a déjà servi\u00a0: il fait partie de vos {history} derniers. Choisissez-en un autre."
    ),
    Refusal.TOO_YOUNG: (
        "Votre mot de passe a été modifié il y a trop peu de temps. L’annuaire demande d’attendre avant d’en changer "
        "à nouveau."
    ),
    Refusal.TOO_SHORT: "L’annuaire refuse ce mot de passe\u00a0: il est trop court. Choisissez-en un plus long.",
    Refusal.TOO_LONG: "L’annuaire refuse ce mot de passe\u00a0: il est trop long. Choisissez-en un plus court.",
    Refusal.POOR_QUALITY: (
        "L’annuaire refuse ce mot de passe\u00a0: il est trop facile à deviner. Choisissez-en un autre."
    ),
    Refusal.NOT_CHANGEABLE: ("L’annuaire n’autorise pas la modification de ce mot de passe. Appelez l’assistance."),
    Refusal.DIRECTORY_RULE: (
        "L’annuaire refuse ce mot de passe sans dire pourquoi. Choisissez-en un autre, plus long et différent des "
        "précédents."
    ),
}

RULES = {
    Rule.TOO_SHORT: "au moins {min_length} caractères",
    Rule.TOO_LONG: "au plus {max_length} caractères",
    Rule.NO_LOWER_CASE: "une lettre minuscule",
    Rule.NO_UPPER_CASE: "une lettre majuscule",
    Rule.NO_DIGIT: "un chiffre",
    Rule.NO_SIGN: "un signe qui n’est ni une lettre ni un chiffre (par exemple - ! ? @)",
    Rule.SAME_AS_CURRENT: "être différent de l’actuel",
    Rule.CONTAINS_LOGIN: "ne pas contenir votre identifiant",
    Rule.CONTAINS_NAME: "ne pas contenir votre nom ni votre prénom",
    Rule.CONTAINS_WORD: "ne contenir aucun de ces mots\u00a0: {forbidden_words}",
    Rule.COMMON: "ne pas être un mot de passe courant, même suivi de chiffres ou de signes (azerty123, Soleil-2026…)",
    Rule.BREACHED: "ne pas figurer parmi ceux qui ont été volés ailleurs",
}
_QUALITIES = (
    Rule.SAME_AS_CURRENT,
    Rule.CONTAINS_LOGIN,
    Rule.CONTAINS_NAME,
    Rule.CONTAINS_WORD,
    Rule.COMMON,
    Rule.BREACHED,
)

FIELD_OF = {
    Refusal.RULES: "new_password",
    Refusal.IN_HISTORY: "new_password",
    Refusal.TOO_YOUNG: "new_password",
    Refusal.TOO_SHORT: "new_password",
    Refusal.TOO_LONG: "new_password",
    Refusal.POOR_QUALITY: "new_password",
    Refusal.DIRECTORY_RULE: "new_password",
}
"""The field by which a refusal stands; the others concern the whole form."""


def refusal(refused: Refused, rules: PasswordRules, lockout: Lockout, history: int) -> list[str]:
    """The sentences for `refused`, with the numbers that the academy set."""
    if refused.code is Refusal.RULES:
        return [_broken(rule, rules) for rule in refused.broken]
    rests = f"se repose {lockout.minutes}\u00a0minutes" if lockout.minutes else "est bloqué"
    return [_REFUSALS[refused.code].format(failures=lockout.failures, rests=rests, history=history)]


def rules_in_words(rules: PasswordRules) -> list[tuple[Rule, str]]:
    """What a new password must have, for the list beside the form, each with its rule."""
    wanted = {
        Rule.TOO_SHORT: True,
        Rule.NO_LOWER_CASE: rules.lower_case,
        Rule.NO_UPPER_CASE: rules.upper_case,
        Rule.NO_DIGIT: rules.digit,
        Rule.NO_SIGN: rules.sign,
        Rule.SAME_AS_CURRENT: rules.differs_from_current,
        Rule.CONTAINS_LOGIN: rules.without_login,
        Rule.CONTAINS_NAME: rules.without_names,
        Rule.CONTAINS_WORD: bool(rules.forbidden_words),
        Rule.COMMON: rules.refuses_common,
    }
    return [(rule, _rule(rule, rules)) for rule, is_wanted in wanted.items() if is_wanted]


def target_state(state: SyncState) -> str:
    """What a person reads of their password at one target."""
    if state.step is Step.PENDING:
        return _STATE_RETRIED if state.reason else _STATE_PENDING
    if state.step is not Step.REJECTED:
        return _STATES[state.step]
    refused = _TARGET_REFUSALS.get(Reason(state.reason)) if state.reason in set(Reason) else None
    return refused + _CHOOSE_ANOTHER if refused else _NO_ACCOUNT


def _broken(rule: Rule, rules: PasswordRules) -> str:
    verb = "doit" if rule in _QUALITIES else "doit avoir"
    return f"Le nouveau mot de passe {verb} {_rule(rule, rules)}."


def _rule(rule: Rule, rules: PasswordRules) -> str:
    words = ", ".join(rules.forbidden_words)
    return RULES[rule].format(min_length=rules.min_length, max_length=rules.max_length, forbidden_words=words)
