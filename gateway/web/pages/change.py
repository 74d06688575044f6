"""The page "Modifier mon mot de passe": change a password that is known."""

from __future__ import annotations

from gateway.account.outcomes import Refused
from gateway.services.caller import Caller
from gateway.services.change import ChangeService
from gateway.services.outcomes import NotHuman, RateLimited, Saved
from gateway.services.robots import RobotService
from gateway.web.forms import ChangeForm
from gateway.web.kept_pages import KeptPages
from gateway.web.page_state import PageStates
from gateway.web.pages.form_page import ServicePage
from gateway.web.sentences import Sentences


class ChangePage(ServicePage):
    """The page on which people change their password."""

    form_class = ChangeForm
    template = panel = "change"

    def __init__(
        self,
        sentences: Sentences,
        states: PageStates,
        robots: RobotService,
        kept: KeptPages,
        service: ChangeService,
    ) -> None:
        super().__init__(sentences, states, robots, kept)
        self.service = service

    def submit(self, form: ChangeForm, caller: Caller) -> Saved | Refused | RateLimited | NotHuman:
        """Verify that no script sends the form, then change the password. Raises Outage."""
        request = form.to_request()
        stopped = self.verify_robot(form, self.service.attempt(request, caller), caller)
        return stopped or self.service.change(request, caller)
