"""The words of a screen reader for roles and states, in each language; for two states the first is "no"."""

from __future__ import annotations

FRENCH: dict[str, str | tuple[str, str]] = {
    "quotes": "« {} »", "page": "page", "same": "comme avant", "password": "champ de mot de passe",
    "heading": "titre {}", "list": "liste de {}", "status": "annonce", "alert": "alerte", "textbox": "champ",
    "banner": "bandeau", "navigation": "navigation", "main": "contenu", "complementary": "complément",
    "contentinfo": "pied de page", "form": "formulaire", "region": "région", "group": "groupe", "link": "lien",
    "button": "bouton", "radio": "bouton d’option", "radiogroup": "choix", "checkbox": "case à cocher",
    "image": "image", "Audio": "lecteur audio", "DisclosureTriangle": "volet", "table": "tableau", "row": "ligne",
    "DescriptionList": "liste de définitions", "term": "terme", "definition": "définition",
    "required": "obligatoire", "invalid": "incorrect",
    "focused": "a le curseur", "disabled": "désactivé", "readonly": "lecture seule", "description": "description",
    "value": "contient", "current": "page actuelle", "expanded": ("replié", "déplié"),
    "pressed": ("non enfoncé", "enfoncé"), "checked": ("non coché", "coché"),
}  # fmt: skip
ENGLISH: dict[str, str | tuple[str, str]] = {
    "quotes": "“{}”", "page": "page", "same": "as before", "password": "password field",
    "heading": "heading {}", "list": "list of {}", "status": "announced", "alert": "alert", "textbox": "field",
    "banner": "banner", "navigation": "navigation", "main": "main", "complementary": "complementary",
    "contentinfo": "footer", "form": "form", "region": "region", "group": "group", "link": "link",
    "button": "button", "radio": "radio button", "radiogroup": "choice", "checkbox": "check box",
    "image": "image", "Audio": "audio player", "DisclosureTriangle": "disclosure", "table": "table", "row": "row",
    "DescriptionList": "list of definitions", "term": "term", "definition": "definition",
    "required": "required", "invalid": "invalid",
    "focused": "has the focus", "disabled": "disabled", "readonly": "read only", "description": "description",
    "value": "contains", "current": "current page", "expanded": ("collapsed", "expanded"),
    "pressed": ("not pressed", "pressed"), "checked": ("not checked", "checked"),
}  # fmt: skip
WORDS: dict[str, dict[str, str | tuple[str, str]]] = {"fr": FRENCH, "en": ENGLISH}
